package report_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	cdp "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/report"
)

// screenshots is where TestBrowser leaves pictures, if it is set: IKC_SCREENSHOTS=$PWD/screenshots.
const screenshots = "IKC_SCREENSHOTS"

// browser is a headless Chromium with one page, and what it complained about.
type browser struct {
	testing.TB
	ctx context.Context

	mu         sync.Mutex
	complaints []string
}

func newBrowser(t *testing.T) *browser {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium here (Debian: apt-get install chromium)")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("allow-file-access-from-files", false), chromedp.WSURLReadTimeout(60*time.Second))
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &browser{TB: t, ctx: ctx}
	chromedp.ListenTarget(ctx, func(ev any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch ev := ev.(type) {
		case *cdp.EventExceptionThrown:
			b.complaints = append(b.complaints, ev.ExceptionDetails.Error())
		case *cdp.EventConsoleAPICalled:
			b.complaints = append(b.complaints, fmt.Sprintf("console.%s", ev.Type))
		case *log.EventEntryAdded:
			b.complaints = append(b.complaints, ev.Entry.Text)
		}
	})
	if err := chromedp.Run(ctx, log.Enable()); err != nil { // starts it: it must not end with the time for an action
		t.Fatal(err)
	}
	return b
}

func (b *browser) do(actions ...chromedp.Action) {
	b.Helper()
	for i, a := range actions {
		ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
		err := chromedp.Run(ctx, a)
		cancel()
		if err != nil {
			b.Fatalf("action %d: %v", i+1, err)
		}
	}
}

// click clicks what a selector finds first. (Without ByQuery it would be searched for in scripts as
// well.)
func click(selector string) chromedp.Action {
	return chromedp.Click(selector, chromedp.ByQuery, chromedp.NodeVisible)
}

// open writes a page to disk and opens it from there.
func (b *browser) open(name string, write func(io.Writer) error) {
	b.Helper()
	var page bytes.Buffer
	if err := write(&page); err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), name+".html")
	if err := os.WriteFile(path, page.Bytes(), 0o644); err != nil {
		b.Fatal(err)
	}
	b.do(chromedp.Navigate("file://" + path))
}

// size sets the size of the window, and light or dark.
func (b *browser) size(width, height int64, scheme string) {
	b.Helper()
	b.do(chromedp.EmulateViewport(width, height),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}))
}

// js evaluates an expression.
func js[T any](b *browser, expression string) (v T) {
	b.Helper()
	if err := chromedp.Run(b.ctx, chromedp.Evaluate(expression, &v)); err != nil {
		b.Fatalf("%s: %v", expression, err)
	}
	return v
}

func expect[T comparable](b *browser, what, expression string, want T) {
	b.Helper()
	if got := js[T](b, expression); got != want {
		b.Errorf("%s: expected %v, got %v", what, want, got)
	}
}

// fits tells that the page needs no horizontal scrolling.
func (b *browser) fits(what string) {
	b.Helper()
	if wide := js[[]string](b, overflow); len(wide) > 0 {
		b.Errorf("%s: expected nothing wider than the window, got %q", what, wide)
	}
}

// shoot keeps a picture of the window if one wants them.
func (b *browser) shoot(name string) {
	b.Helper()
	dir := os.Getenv(screenshots)
	if dir == "" {
		return
	}
	var png []byte
	b.do(chromedp.CaptureScreenshot(&png))
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		b.Fatal(err)
	}
}

const shown = `document.querySelectorAll(".check:not([hidden])").length`

// The page, opened from disk by a real browser: filters, search, a failure with its diagram,
// keyboard, a phone, dark mode, paper.
func TestBrowser(t *testing.T) {
	b := newBrowser(t)
	r := realRuns()(t)
	both := report.NewDocument("v0.0.0", r.good, r.bad)
	total, failed := len(r.good.Checks)+len(r.bad.Checks), r.bad.Summary.Failed
	b.size(1120, 740, "light")
	b.open("run", func(w io.Writer) error { return report.WriteHTML(w, both) })
	expect(b, "checks shown", shown, total)
	expect(b, "rows of the matrix", `document.querySelectorAll(".matrix tbody tr").length`, 2)
	b.fits("1120 pixels")
	b.shoot("summary-light")

	// Filters.
	b.do(click(`.chip[data-outcome=fail]`))
	expect(b, "checks that failed", shown, failed)
	expect(b, "what is said of it", `document.querySelector("#status").textContent`, fmt.Sprintf("%d of %d shown", failed, total))
	expect(b, "the chip is pressed", `document.querySelector(".chip[data-outcome=fail]").getAttribute("aria-pressed")`, "true")
	b.do(click(`#clear`), chromedp.KeyEvent("PING-001"))
	expect(b, "found by id", shown, 2)
	expect(b, "counts follow the search", `document.querySelector(".chip[data-outcome=pass] .n").textContent`, "2")
	b.do(click(`#clear`), click(`.matrix tbody tr:nth-child(2) button.cell.fail`))
	expect(b, "the cell is pressed", `document.querySelector(".matrix button.cell[aria-pressed=true]").classList.contains("fail")`, true)
	expect(b, "the checks of one part", shown, r.bad.Parts[0].Summary.Total())
	b.do(chromedp.SetValue("#level", "MAY", chromedp.ByQuery), chromedp.Evaluate(`document.querySelector("#level").dispatchEvent(new Event("change"))`, nil))
	expect(b, "nothing of another level", `[...document.querySelectorAll(".check:not([hidden])")].every(c => c.dataset.level === "MAY")`, true)
	b.do(click(`#clear`))
	expect(b, "all again", shown, total)

	// A failure by keyboard.
	b.do(click(`.chip[data-outcome=fail]`), chromedp.Focus(`.check.fail:not([hidden]) > summary`, chromedp.ByQuery), chromedp.KeyEvent("\r"))
	expect(b, "opened by return", `document.querySelector(".check.fail:not([hidden])").open`, true)
	expect(b, "a diagram that is seen", `(() => { const r = document.querySelector(".check.fail[open] .seq.wide").getBoundingClientRect(); return r.width > 500 && r.height > 100 })()`, true)
	expect(b, "arrows in it", `document.querySelectorAll(".check.fail[open] .seq.wide")[0].querySelectorAll(".arrow").length > 1`, true)
	expect(b, "texts within it", `(() => { const s = document.querySelector(".check.fail[open] .seq.wide"), w = s.viewBox.baseVal.width; return [...s.querySelectorAll("text")].every(t => { const b = t.getBBox(); return b.x >= 0 && b.x + b.width <= w }) })()`, true)
	expect(b, "expected and actual", `[...document.querySelectorAll(".check.fail[open] .finding:first-of-type .diff pre")].slice(0, 2).map(p => p.textContent).join("|")`, "is_error => 1|no is_error")
	b.do(chromedp.Evaluate(`document.querySelector(".check.fail[open]").scrollIntoView()`, nil))
	b.shoot("failure-light")
	b.size(1120, 740, "dark")
	expect(b, "dark", `(m => m[0] < 60)(getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number))`, true)
	b.shoot("failure-dark")
	b.do(click("#theme"))
	expect(b, "light by choice", `(m => m[0] > 200)(getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number))`, true)
	b.do(click("#theme"), click("#theme"))

	// A phone.
	b.size(375, 812, "light")
	b.fits("375 pixels, a failure open")
	expect(b, "the narrow diagram", `getComputedStyle(document.querySelector(".check.fail[open] .seq.narrow")).display`, "block")
	expect(b, "texts within the narrow one", `(() => { const s = document.querySelector(".check.fail[open] .seq.narrow"), w = s.viewBox.baseVal.width; return [...s.querySelectorAll("text")].every(t => { const b = t.getBBox(); return b.x >= 0 && b.x + b.width <= w }) })()`, true)
	b.do(chromedp.Evaluate(`document.querySelector(".check.fail[open]").scrollIntoView()`, nil))
	b.shoot("failure-phone")
	b.do(click(`#clear`), chromedp.Evaluate(`scrollTo(0, 0)`, nil))
	b.shoot("summary-phone")
	b.do(click(`#expand`))
	b.fits("375 pixels, all open")
	expect(b, "what can be touched is large enough", `[...document.querySelectorAll("button, select, input, summary")].filter(e => e.offsetParent && e.getBoundingClientRect().height < 24).length`, 0)
	b.do(click(`#expand`))

	// A link to a check.
	b.do(chromedp.Evaluate(`location.hash = "#ERR-002"`, nil), chromedp.WaitVisible(`#ERR-002[open] .body`, chromedp.ByQuery))
	accessible(b)

	// Hostile text is text.
	good, bad := stored(t)
	c := outcome(t, bad.Reports[0], "ERR-002", judge.Fail)
	c.Requirement = `</details><script>console.error("requirement")</script>`
	c.Verdicts[0].Findings = []judge.Finding{{Expected: "<img src=x onerror=console.error(1)>", Actual: strings.Repeat("x", 3000), Side: "server"}}
	bad.Reports[0].Subject = `"><script>console.error("subject")</script>`
	b.open("hostile", func(w io.Writer) error { return report.WriteHTML(w, bad) })
	expect(b, "scripts", `document.scripts.length`, 1)
	expect(b, "images", `document.images.length`, 0)
	b.do(click(`#expand`))
	b.fits("text without a blank at 375 pixels")

	// Two runs compared.
	_, bad = stored(t)
	for _, d := range []*report.Document{good, bad} {
		d.Reports[0].Subject = "tcp:worker.example:31337"
	}
	before := again(t, bad)
	outcome(t, before.Reports[0], "ERR-002", judge.Pass)
	outcome(t, before.Reports[0], "PING-001", judge.Fail)
	outcome(t, bad.Reports[0], "FR-001", judge.Inconclusive)
	comparison := report.Compare(again(t, before), again(t, bad), judge.Should)
	b.size(1120, 740, "light")
	b.open("comparison", func(w io.Writer) error { return report.WriteComparisonHTML(w, comparison) })
	expect(b, "the result", `document.querySelector("h1").textContent`, "Worse than before")
	expect(b, "a new failure", `document.querySelector(".check[data-outcome=failure] .id").textContent`, "ERR-002")
	expect(b, "one that was fixed", `document.querySelector(".check[data-outcome=fixed] .id").textContent`, "PING-001")
	expect(b, "one that is lost", `document.querySelector(".check[data-outcome=lost] .id").textContent`, "FR-001")
	b.do(click(`.chip[data-outcome=failure]`), click(`.check[data-outcome=failure] > summary`), chromedp.WaitVisible(`.check[open] .seq.wide`, chromedp.ByQuery),
		click(`.chip[data-outcome=failure]`), chromedp.Evaluate(`scrollTo(0, 0)`, nil))
	b.fits("a comparison at 1120 pixels")
	b.shoot("comparison-light")
	accessible(b)
	b.size(375, 812, "dark")
	b.fits("a comparison at 375 pixels")
	b.shoot("comparison-phone")

	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.complaints) > 0 {
		t.Errorf("expected a browser without complaints, got %q", b.complaints)
	}
}

// accessible checks what a screen reader needs, and that text can be read in both themes.
func accessible(b *browser) {
	b.Helper()
	expect(b, "controls without a name", `[...document.querySelectorAll("button, input, select, svg[role=img]")].filter(e => !(e.getAttribute("aria-label") || e.textContent.trim() || (e.labels && e.labels.length))).length`, 0)
	expect(b, "ids that stand twice", `(ids => ids.length - new Set(ids).size)([...document.querySelectorAll("[id]")].map(e => e.id))`, 0)
	expect(b, "one main and one h1", `document.querySelectorAll("main").length + document.querySelectorAll("h1").length`, 2)
	expect(b, "levels of headings skipped", `(l => l.filter((n, i) => i && n > l[i - 1] + 2).length)([...document.querySelectorAll("h1, h2, h3, h4")].map(h => +h.tagName[1]))`, 0)
	expect(b, "the first stop is the skip link", `document.querySelector("a, button, input, summary").className`, "skiplink")
	for _, scheme := range []string{"light", "dark"} {
		b.do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
		if faint := js[[]string](b, contrast); len(faint) > 0 {
			b.Errorf("%s: expected a contrast of 4.5 (WCAG AA) everywhere, got less in %q", scheme, faint)
		}
	}
}

// contrast lists the texts whose colour differs too little from what is behind them.
const contrast = `(() => {
  const px = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = c => { px.clearRect(0, 0, 1, 1); px.fillStyle = c; px.fillRect(0, 0, 1, 1); return [...px.getImageData(0, 0, 1, 1).data] };
  const lum = c => { const f = v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; return .2126 * f(c[0]) + .7152 * f(c[1]) + .0722 * f(c[2]) };
  const behind = e => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] > 200) return c } return [255, 255, 255] };
  const bad = new Set();
  for (const e of document.querySelectorAll("body *")) {
    if (!e.offsetParent || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    const a = lum(rgba(getComputedStyle(e).color)), b = lum(behind(e));
    if ((Math.max(a, b) + .05) / (Math.min(a, b) + .05) < 4.5) bad.add(e.tagName + "." + e.className + ": " + e.textContent.slice(0, 20));
  }
  return [...bad].slice(0, 10);
})()`

// overflow lists what reaches beyond the window, but for what scrolls by itself.
const overflow = `(() => {
  const d = document.documentElement;
  if (d.scrollWidth <= d.clientWidth) return [];
  return ["page: " + d.scrollWidth + " of " + d.clientWidth, ...[...document.querySelectorAll("body *")].filter(e => !e.closest(".scroll *") && e.getBoundingClientRect().right > d.clientWidth + 1).map(e => e.tagName + "." + (e.className.baseVal ?? e.className) + "#" + e.id).slice(0, 8)];
})()`
