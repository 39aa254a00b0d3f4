"use strict";
(() => {
  const $ = (s, in_ = document) => in_.querySelector(s), $$ = (s, in_ = document) => [...in_.querySelectorAll(s)];
  const root = document.documentElement;

  // The theme is kept where the browser lets us.
  const keep = { get: () => { try { return localStorage.getItem("ikc-theme") } catch { return null } }, set: v => { try { localStorage.setItem("ikc-theme", v) } catch { } } };
  const theme = $("#theme"), order = ["auto", "light", "dark"];
  const show = t => { root.dataset.theme = t; theme.textContent = "Theme: " + t };
  show(order.includes(keep.get()) ? keep.get() : "auto");
  theme.onclick = () => { const t = order[(order.indexOf(root.dataset.theme) + 1) % 3]; show(t); keep.set(t) };
  theme.hidden = false;

  const checks = $$(".check").map(el => ({ el, text: el.textContent.toLowerCase().replace(/\s+/g, " "), ...el.dataset }));
  const q = $("#q"), level = $("#level"), area = $("#area"), part = $("#part"), status = $("#status"), chips = $$(".chip"), cells = $$("button.cell");
  $("#tools").hidden = false;

  // With a part chosen, what a check came to is what it came to there: data-v has the first letter for each part.
  const words = { p: "pass", f: "fail", k: "known", o: "open", s: "skip", u: "upto" };
  const outcome = c => part && part.value ? words[c.v[part.value]] : c.outcome;
  function filter() {
    const terms = q.value.toLowerCase().split(/\s+/).filter(Boolean), on = chips.filter(b => b.ariaPressed === "true").map(b => b.dataset.outcome);
    const count = {};
    let n = 0;
    for (const c of checks) {
      const o = outcome(c);
      const fits = o && (!level.value || c.level === level.value) && (!area.value || c.area === area.value) && terms.every(w => c.text.includes(w));
      if (fits) count[o] = (count[o] || 0) + 1;
      c.el.hidden = !(fits && (!on.length || on.includes(o)));
      n += !c.el.hidden;
    }
    for (const b of chips) $(".n", b).textContent = count[b.dataset.outcome] || 0;
    for (const b of cells) b.ariaPressed = part && b.dataset.part === part.value ? "true" : "false";
    for (const s of $$(".of-subject")) s.hidden = !$(".check:not([hidden])", s);
    status.textContent = n === checks.length ? "All " + n + " shown" : n + " of " + checks.length + " shown";
    $("#empty").hidden = n > 0;
  }
  for (const b of chips) b.onclick = () => { b.ariaPressed = b.ariaPressed === "true" ? "false" : "true"; filter() };
  for (const s of [level, area, part]) if (s) s.onchange = filter;
  q.oninput = filter;
  for (const b of cells) b.onclick = () => {
    part.value = part.value === b.dataset.part ? "" : b.dataset.part;
    filter();
    if (part.value) $("#checks").scrollIntoView();
  };
  function clear() {
    q.value = level.value = area.value = "";
    if (part) part.value = "";
    for (const b of chips) b.ariaPressed = "false";
    filter();
  }
  $("#clear").onclick = () => { clear(); q.focus() };
  const expand = $("#expand");
  expand.onclick = () => {
    const open = expand.dataset.open !== "1";
    for (const c of checks) if (!c.el.hidden) c.el.open = open;
    expand.dataset.open = open ? "1" : "";
    expand.textContent = open ? "Collapse all" : "Expand all";
  };

  document.addEventListener("keydown", e => {
    if (e.key === "/" && !e.ctrlKey && !e.metaKey && !/^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName)) { e.preventDefault(); q.focus(); q.select() }
    if (e.key === "Escape" && e.target === q) { q.value = ""; filter() }
  });

  // A link to a check opens it, even if the filter hides it.
  function visit() {
    const el = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!el || !el.classList.contains("check")) return;
    if (el.hidden) clear();
    el.open = true;
    el.scrollIntoView();
    $("summary", el).focus({ preventScroll: true });
  }
  addEventListener("hashchange", visit);

  // On paper, what failed is open.
  let opened = [];
  addEventListener("beforeprint", () => { opened = $$(".check.fail:not([open]), .check.fail details.inner:not([open])"); for (const d of opened) d.open = true });
  addEventListener("afterprint", () => { for (const d of opened) d.open = false; opened = [] });

  filter();
  visit();
})();
