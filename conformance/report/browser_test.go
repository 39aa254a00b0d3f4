package report_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/internal/browser"
)

const shown = `document.querySelectorAll(".check:not([hidden])").length`

// The page, opened from disk by a real browser: filters, search, a failure with its diagram,
// keyboard, a phone, dark mode, paper.
func TestBrowser(t *testing.T) {
	b := browser.New(t)
	r := realRuns()(t)
	both := report.NewDocument("v0.0.0", r.good, r.bad)
	both.Pages = "https://example.com/"
	total, failed := len(r.good.Checks)+len(r.bad.Checks), r.bad.Summary.Failed
	b.Size(1120, 740, "light")
	b.Open("run", func(w io.Writer) error { return report.WriteHTML(w, both) })
	browser.Expect(b, "checks shown", shown, total)
	browser.Expect(b, "rows of the matrix", `document.querySelectorAll(".matrix tbody tr").length`, 2)
	b.Fits("1120 pixels")
	b.Shoot("summary-light")

	// Filters.
	b.Do(browser.Click(`.chip[data-outcome=fail]`))
	browser.Expect(b, "checks that failed", shown, failed)
	browser.Expect(b, "what is said of it", `document.querySelector("#status").textContent`, fmt.Sprintf("%d of %d shown", failed, total))
	browser.Expect(b, "the chip is pressed", `document.querySelector(".chip[data-outcome=fail]").getAttribute("aria-pressed")`, "true")
	b.Do(browser.Click(`#clear`), chromedp.KeyEvent("PING-001"))
	browser.Expect(b, "found by id", shown, 2)
	browser.Expect(b, "counts follow the search", `document.querySelector(".chip[data-outcome=pass] .n").textContent`, "2")
	b.Do(browser.Click(`#clear`), browser.Click(`.matrix tbody tr:nth-child(2) button.cell.fail`))
	browser.Expect(b, "the cell is pressed", `document.querySelector(".matrix button.cell[aria-pressed=true]").classList.contains("fail")`, true)
	browser.Expect(b, "the checks of one part", shown, r.bad.Parts[0].Summary.Total())
	b.Do(chromedp.SetValue("#level", "MAY", chromedp.ByQuery), chromedp.Evaluate(`document.querySelector("#level").dispatchEvent(new Event("change"))`, nil))
	browser.Expect(b, "nothing of another level", `[...document.querySelectorAll(".check:not([hidden])")].every(c => c.dataset.level === "MAY")`, true)
	b.Do(browser.Click(`#clear`))
	browser.Expect(b, "all again", shown, total)

	// A failure by keyboard.
	b.Do(browser.Click(`.chip[data-outcome=fail]`), chromedp.Focus(`.check.fail:not([hidden]) > summary`, chromedp.ByQuery), chromedp.KeyEvent("\r"))
	browser.Expect(b, "opened by return", `document.querySelector(".check.fail:not([hidden])").open`, true)
	browser.Expect(b, "a diagram that is seen", `(() => { const r = document.querySelector(".check.fail[open] .seq.wide").getBoundingClientRect(); return r.width > 500 && r.height > 100 })()`, true)
	browser.Expect(b, "arrows in it", `document.querySelectorAll(".check.fail[open] .seq.wide")[0].querySelectorAll(".arrow").length > 1`, true)
	browser.Expect(b, "texts within it", `(() => { const s = document.querySelector(".check.fail[open] .seq.wide"), w = s.viewBox.baseVal.width; return [...s.querySelectorAll("text")].every(t => { const b = t.getBBox(); return b.x >= 0 && b.x + b.width <= w }) })()`, true)
	browser.Expect(b, "expected and actual", `[...document.querySelectorAll(".check.fail[open] .finding:first-of-type .diff pre")].slice(0, 2).map(p => p.textContent).join("|")`, "is_error => 1|no is_error")
	b.Do(chromedp.Evaluate(`document.querySelector(".check.fail[open]").scrollIntoView()`, nil))
	b.Shoot("failure-light")
	b.Size(1120, 740, "dark")
	browser.Expect(b, "dark", `(m => m[0] < 60)(getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number))`, true)
	b.Shoot("failure-dark")
	b.Do(browser.Click("#theme"))
	browser.Expect(b, "light by choice", `(m => m[0] > 200)(getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number))`, true)
	b.Do(browser.Click("#theme"), browser.Click("#theme"))

	// A phone.
	b.Size(375, 812, "light")
	b.Fits("375 pixels, a failure open")
	browser.Expect(b, "the narrow diagram", `getComputedStyle(document.querySelector(".check.fail[open] .seq.narrow")).display`, "block")
	browser.Expect(b, "texts within the narrow one", `(() => { const s = document.querySelector(".check.fail[open] .seq.narrow"), w = s.viewBox.baseVal.width; return [...s.querySelectorAll("text")].every(t => { const b = t.getBBox(); return b.x >= 0 && b.x + b.width <= w }) })()`, true)
	b.Do(chromedp.Evaluate(`document.querySelector(".check.fail[open]").scrollIntoView()`, nil))
	b.Shoot("failure-phone")
	b.Do(browser.Click(`#clear`), chromedp.Evaluate(`scrollTo(0, 0)`, nil))
	b.Shoot("summary-phone")
	b.Do(browser.Click(`#expand`))
	b.Fits("375 pixels, all open")
	browser.Expect(b, "what can be touched is large enough", `[...document.querySelectorAll("button, select, input, summary")].filter(e => e.offsetParent && e.getBoundingClientRect().height < 24).length`, 0)
	b.Do(browser.Click(`#expand`))

	// A link to a check.
	b.Do(chromedp.Evaluate(`location.hash = "#ERR-002"`, nil), chromedp.WaitVisible(`#ERR-002[open] .body`, chromedp.ByQuery))
	b.Accessible()

	// Hostile text is text.
	good, bad := stored(t)
	c := outcome(t, bad.Reports[0], "ERR-002", judge.Fail)
	c.Requirement = `</details><script>console.error("requirement")</script>`
	c.Verdicts[0].Findings = []judge.Finding{{Expected: "<img src=x onerror=console.error(1)>", Actual: strings.Repeat("x", 3000), Side: "server"}}
	bad.Reports[0].Subject = `"><script>console.error("subject")</script>`
	b.Open("hostile", func(w io.Writer) error { return report.WriteHTML(w, bad) })
	browser.Expect(b, "scripts", `document.scripts.length`, 1)
	browser.Expect(b, "images", `document.images.length`, 0)
	b.Do(browser.Click(`#expand`))
	b.Fits("text without a blank at 375 pixels")

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
	b.Size(1120, 740, "light")
	b.Open("comparison", func(w io.Writer) error { return report.WriteComparisonHTML(w, comparison) })
	browser.Expect(b, "the result", `document.querySelector("h1").textContent`, "Worse than before")
	browser.Expect(b, "a new failure", `document.querySelector(".check[data-outcome=failure] .id").textContent`, "ERR-002")
	browser.Expect(b, "one that was fixed", `document.querySelector(".check[data-outcome=fixed] .id").textContent`, "PING-001")
	browser.Expect(b, "one that is lost", `document.querySelector(".check[data-outcome=lost] .id").textContent`, "FR-001")
	b.Do(browser.Click(`.chip[data-outcome=failure]`), browser.Click(`.check[data-outcome=failure] > summary`), chromedp.WaitVisible(`.check[open] .seq.wide`, chromedp.ByQuery),
		browser.Click(`.chip[data-outcome=failure]`), chromedp.Evaluate(`scrollTo(0, 0)`, nil))
	b.Fits("a comparison at 1120 pixels")
	b.Shoot("comparison-light")
	b.Accessible()
	b.Size(375, 812, "dark")
	b.Fits("a comparison at 375 pixels")
	b.Shoot("comparison-phone")
}
