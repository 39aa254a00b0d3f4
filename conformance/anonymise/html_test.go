package anonymise_test

import (
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/anonymise"
)

// TestHTMLLinks: what is judged otherwise leads to the pages of checks and notices, if the site is
// known.
func TestHTMLLinks(t *testing.T) {
	r := &anonymise.Result{Differences: []string{"verdict PING-001 of the server: pass of 1 became none", "diagnosis NOTE-033: none became [x]",
		"connections of IKC and in all: 1 1 became 0 1"}}
	var with, without strings.Builder
	if err := r.WriteHTML(&with, "https://example.com/"); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteHTML(&without, ""); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`verdict <a href="https://example.com/checks/PING-001.html">PING-001</a> of`, `diagnosis <a href="https://example.com/notices.html#NOTE-033">NOTE-033</a>: none`} {
		if !strings.Contains(with.String(), want) {
			t.Errorf("expected %s in\n%s", want, with.String())
		}
	}
	if strings.Contains(without.String(), "<a ") {
		t.Errorf("expected no link where no site is known, got\n%s", without.String())
	}
}
