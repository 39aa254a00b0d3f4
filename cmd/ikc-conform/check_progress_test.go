package main

import (
	"strings"
	"testing"
	"time"
)

func TestProgress(t *testing.T) {
	var out strings.Builder
	at := time.Unix(0, 0)
	tell, done := readProgressOf(&out, "x.pcapng", 400e6, func() time.Time { return at })
	tell(1) // too early to be worth a line
	at = at.Add(time.Second)
	tell(100e6)
	tell(101e6) // too soon after the last
	done()
	if want := "\rx.pcapng:  25 %, 100 MB/s\x1b[K\r\x1b[K"; out.String() != want {
		t.Errorf("expected %q, got %q", want, out.String())
	}
	if tell, done := readProgress(&out, "x.pcapng", "x.pcapng"); tell != nil {
		done()
		t.Error("expected no progress where there is no terminal")
	}
}
