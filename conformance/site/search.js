"use strict";
(() => {
  const root = document.documentElement.dataset.root;
  const box = document.getElementById("find"), q = document.getElementById("q");
  const section = document.getElementById("found"), list = document.getElementById("results"), status = document.getElementById("status");
  const most = 30;
  let index; // a promise of the entries, from the first search on
  box.hidden = false;

  // A page that is read from a disk may load a script, and no other data.
  const load = () => index ??= new Promise((done, failed) => {
    const s = document.createElement("script");
    s.src = root + "index.js";
    s.onload = () => done(ikcIndex.map(([link, title, kind, text]) => ({ link, title, kind, text, lowTitle: title.toLowerCase(), low: (title + " " + text).toLowerCase() })));
    s.onerror = () => { index = undefined; failed(new Error("the index of the search cannot be read")); };
    document.head.append(s);
  });

  // weigh says how well an entry fits: not at all is 0.
  const weigh = (e, words) => {
    let sum = 0;
    for (const w of words) {
      if (!e.low.includes(w)) return 0;
      sum += e.lowTitle.startsWith(w) ? 8 : e.lowTitle.includes(w) ? 4 : 1;
    }
    return sum + (e.kind === "check" || e.kind === "notice" ? .5 : 0);
  };

  // around is the text near the first of the words.
  const around = (text, words) => {
    const low = text.toLowerCase(), at = words.map(w => low.indexOf(w)).filter(i => i >= 0);
    const from = at.length === 0 ? 0 : Math.max(0, Math.min(...at) - 50);
    return (from > 0 ? "… " : "") + text.slice(from, from + 160);
  };

  const search = async () => {
    const wanted = q.value.trim().toLowerCase(), words = wanted.split(/\s+/);
    section.hidden = wanted === "";
    if (wanted === "") return;
    let entries;
    try {
      entries = await load();
    } catch (e) {
      status.textContent = e.message;
      return;
    }
    if (q.value.trim().toLowerCase() !== wanted) return; // something else has been typed meanwhile
    const hits = entries.map(e => ({ e, weight: weigh(e, words) })).filter(h => h.weight > 0).sort((a, b) => b.weight - a.weight);
    status.textContent = hits.length === 0 ? "Nothing found." : hits.length > most ? `${hits.length} found, the first ${most}:` : `${hits.length} found:`;
    list.replaceChildren(...hits.slice(0, most).map(({ e }) => {
      const item = document.createElement("li"), a = document.createElement("a"), about = document.createElement("small");
      a.href = root + e.link;
      a.textContent = e.title;
      about.textContent = e.kind + ": " + around(e.text, words);
      a.append(about);
      item.append(a);
      return item;
    }));
  };

  const links = () => [...list.querySelectorAll("a")];
  q.addEventListener("input", search);
  document.addEventListener("keydown", event => {
    const at = links().indexOf(document.activeElement);
    if (event.key === "/" && document.activeElement !== q && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      q.focus();
    } else if (event.key === "Escape" && (document.activeElement === q || at >= 0)) {
      q.value = "";
      search();
      q.focus();
    } else if (event.key === "Enter" && document.activeElement === q) {
      links()[0]?.click();
    } else if ((event.key === "ArrowDown" && (document.activeElement === q || at >= 0)) || (event.key === "ArrowUp" && at >= 0)) {
      event.preventDefault();
      const next = at + (event.key === "ArrowDown" ? 1 : -1);
      (next < 0 ? q : links()[next] ?? document.activeElement).focus();
    }
  });
  list.addEventListener("click", () => { section.hidden = true; q.value = ""; }); // the place may be on this page
})();
