// Package browser drives a headless Chromium in tests of pages that are opened from a disk.
package browser

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	cdp "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// screenshots is where Shoot leaves pictures, if it is set: IKC_SCREENSHOTS=$PWD/screenshots.
const screenshots = "IKC_SCREENSHOTS"

// Browser is a headless Chromium with one page, and what it complained about.
type Browser struct {
	testing.TB
	ctx context.Context

	mu         sync.Mutex
	complaints []string
}

// New starts a Chromium, and skips the test where there is none. It fails the test in the end if
// the browser complained: of a script, of what cannot be loaded, on its console.
func New(t *testing.T) *Browser {
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
	b := &Browser{TB: t, ctx: ctx}
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
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if len(b.complaints) > 0 {
			t.Errorf("expected a browser without complaints, got %q", b.complaints)
		}
	})
	return b
}

// Do does things one after the other, each within 30 s, or ends the test.
func (b *Browser) Do(actions ...chromedp.Action) {
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

// Click clicks what a selector finds first. (Without ByQuery it would be searched for in scripts as
// well.)
func Click(selector string) chromedp.Action {
	return chromedp.Click(selector, chromedp.ByQuery, chromedp.NodeVisible)
}

// Open writes a page to disk and opens it from there.
func (b *Browser) Open(name string, write func(io.Writer) error) {
	b.Helper()
	var page bytes.Buffer
	if err := write(&page); err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), name+".html")
	if err := os.WriteFile(path, page.Bytes(), 0o644); err != nil {
		b.Fatal(err)
	}
	b.Do(chromedp.Navigate("file://" + path))
}

// Size sets the size of the window, and light or dark.
func (b *Browser) Size(width, height int64, scheme string) {
	b.Helper()
	b.Do(chromedp.EmulateViewport(width, height),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}))
}

// JS evaluates an expression.
func JS[T any](b *Browser, expression string) (v T) {
	b.Helper()
	if err := chromedp.Run(b.ctx, chromedp.Evaluate(expression, &v)); err != nil {
		b.Fatalf("%s: %v", expression, err)
	}
	return v
}

// Expect demands a value of an expression.
func Expect[T comparable](b *Browser, what, expression string, want T) {
	b.Helper()
	if got := JS[T](b, expression); got != want {
		b.Errorf("%s: expected %v, got %v", what, want, got)
	}
}

// Fits tells that the page needs no horizontal scrolling.
func (b *Browser) Fits(what string) {
	b.Helper()
	if wide := JS[[]string](b, overflow); len(wide) > 0 {
		b.Errorf("%s: expected nothing wider than the window, got %q", what, wide)
	}
}

// Shoot keeps a picture of the window if one wants them.
func (b *Browser) Shoot(name string) {
	b.Helper()
	dir := os.Getenv(screenshots)
	if dir == "" {
		return
	}
	var png []byte
	b.Do(chromedp.CaptureScreenshot(&png))
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		b.Fatal(err)
	}
}

// Accessible checks what a screen reader needs, and that text can be read in both themes.
func (b *Browser) Accessible() {
	b.Helper()
	Expect(b, "controls without a name", `[...document.querySelectorAll("button, input, select, svg[role=img]")].filter(e => !(e.getAttribute("aria-label") || e.textContent.trim() || (e.labels && e.labels.length))).length`, 0)
	Expect(b, "ids that stand twice", `(ids => ids.length - new Set(ids).size)([...document.querySelectorAll("[id]")].map(e => e.id))`, 0)
	Expect(b, "one main and one h1", `document.querySelectorAll("main").length + document.querySelectorAll("h1").length`, 2)
	Expect(b, "levels of headings skipped", `(l => l.filter((n, i) => i && n > l[i - 1] + 2).length)([...document.querySelectorAll("h1, h2, h3, h4")].map(h => +h.tagName[1]))`, 0)
	Expect(b, "the first stop is the skip link", `document.querySelector("a, button, input, summary").className`, "skiplink")
	for _, scheme := range []string{"light", "dark"} {
		b.Do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
		if faint := JS[[]string](b, contrast); len(faint) > 0 {
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
