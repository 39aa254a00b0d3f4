package site_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"github.com/perl-ikc/ikc-conform/conformance/page"
	"github.com/perl-ikc/ikc-conform/internal/browser"
)

// TestBrowser: the site, read from a disk by a real browser: at the width of a desktop and of a
// phone no page scrolls sideways, text can be read in both themes, and the search finds checks by
// id and by words, by mouse and by keyboard.
func TestBrowser(t *testing.T) {
	b := browser.New(t)
	dir := t.TempDir()
	if err := whole(t).Write(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	open := func(name string) {
		b.Do(chromedp.Navigate("file://" + filepath.ToSlash(filepath.Join(dir, name))))
	}
	pages := []string{"index.html", "specification.html", "checks.html", "notices.html", "guides.html", "matrix.html", "benchmarks.html", "readme.html",
		"changelog.html", "driver.html", "guides/captures.html", "guides/upgrade.html", page.OfCheck("ERR-004"), page.OfCheck("HS-IKC0-001"), page.OfCheck("SER-004")}
	for _, width := range []int64{1280, 390} {
		b.Size(width, 844, "light")
		for _, name := range pages {
			open(name)
			b.Do(chromedp.Evaluate(`document.querySelectorAll("details").forEach(d => d.open = true)`, nil))
			b.Fits(fmt.Sprintf("%s at %d pixels", name, width))
		}
	}
	for _, name := range []string{"index.html", "matrix.html", "guides/diagnose.html", page.OfCheck("ERR-004")} {
		open(name)
		b.Accessible()
		b.Shoot(filepath.Base(name) + "-phone-dark")
	}

	// Without scripts there is no search, and all else.
	b.Do(emulation.SetScriptExecutionDisabled(true))
	open(page.OfCheck("ERR-004"))
	b.Do(chromedp.WaitVisible("#deviations", chromedp.ByQuery), chromedp.WaitNotVisible("#find", chromedp.ByQuery), emulation.SetScriptExecutionDisabled(false))

	// Search.
	first := `document.querySelector("#results a").getAttribute("href")`
	found := func(what, want string) {
		t.Helper()
		b.Do(chromedp.SendKeys("#q", what, chromedp.ByQuery), chromedp.Poll(`document.querySelector("#results a") !== null`, nil))
		browser.Expect(b, "found by "+what, first, want)
	}
	b.Size(1280, 844, "light")
	open("index.html")
	found("err-002", "checks/ERR-002.html")
	b.Shoot("search")
	b.Fits("results at 1280 pixels")
	open("guides/diagnose.html")
	b.Size(390, 844, "light")
	found("report is_error true", "../checks/ERR-002.html")
	b.Fits("results at 390 pixels")
	b.Shoot("search-phone")
	b.Accessible()
	b.Do(chromedp.KeyEvent("\x1b"))
	browser.Expect(b, "closed by escape", `document.querySelector("#found").hidden`, true)
	open("checks.html")
	b.Do(input.DispatchKeyEvent(input.KeyRawDown).WithKey("/")) // without the letter, which the page does not let through
	browser.Expect(b, "the slash leads to the search", `document.activeElement.id`, "q")
	found("NOTE-012", "notices.html#NOTE-012")
	b.Do(chromedp.KeyEvent("\r"), chromedp.WaitVisible("#NOTE-012", chromedp.ByQuery))
	browser.Expect(b, "return goes there", `location.hash`, "#NOTE-012")
	open("index.html")
	b.Do(chromedp.SendKeys("#q", "zzzznothing", chromedp.ByQuery), chromedp.Poll(`document.querySelector("#status").textContent !== ""`, nil))
	browser.Expect(b, "nothing found", `document.querySelector("#status").textContent`, "Nothing found.")
}
