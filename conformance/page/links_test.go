package page_test

import (
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/page"
)

func TestParsePages(t *testing.T) {
	for text, want := range map[string]page.Pages{
		"https://example.com": "https://example.com/", "https://example.com/a/": "https://example.com/a/",
		"http://[::1]:8000/x y": "http://[::1]:8000/x%20y/", "file:///tmp/site": "file:///tmp/site/",
	} {
		if got, err := page.ParsePages(text); err != nil || got != want {
			t.Errorf("%q: expected %q, got %q, %v", text, want, got, err)
		}
	}
	for _, text := range []string{"", "site", "../site", "javascript:alert(1)", "https://", "https:a", "https://example.com/?a", "https://example.com/#a",
		"https://a:b@example.com/", "://", "https://example.com/ikc/index.html"} {
		if got, err := page.ParsePages(text); err == nil || !strings.Contains(err.Error(), "https://example.com/ikc/") {
			t.Errorf("%q: expected an error with an example, got %q, %v", text, got, err)
		}
	}
}

// TestLinked: an id leads to its page in the heading and in titles, whatever stands around it; one
// that has no page does not, nor what only looks like one.
func TestLinked(t *testing.T) {
	p := &page.Page{Heading: "PING-001 of the server <still> shows", Links: map[string]string{"PING-001": "https://example.com/a&b/checks/PING-001.html", "NOTE-033": ""},
		Sections: []page.Section{{Title: "PING-001", Entries: []page.Entry{
			{Title: "verdict PING-001: NOTE-033, PING-0011, XPING-001, CALL-001", Text: "PING-001"}}}}}
	var b strings.Builder
	if err := p.Write(&b, "test"); err != nil {
		t.Fatal(err)
	}
	const link = `<a href="https://example.com/a&amp;b/checks/PING-001.html">PING-001</a>`
	for _, want := range []string{">" + link + " of the server &lt;still&gt; shows</h1>", "<b>verdict " + link + ": NOTE-033, PING-0011, XPING-001, CALL-001</b>"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("expected %s in\n%s", want, b.String())
		}
	}
	if n := strings.Count(b.String(), "<a "); n != 2 {
		t.Errorf("expected two links, got %d", n)
	}
}
