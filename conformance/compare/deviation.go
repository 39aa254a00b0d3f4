package compare

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/page"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// The kinds of Deviation, beside those of Difference.
const (
	Silence = "silence" // nothing came
	Outcome = "outcome" // an error report for an answer, or the other way round, or what was not due
	Late    = "late"
)

// Deviation is a place at which what a program said is not what another did.
type Deviation struct {
	State string `json:"state"` // SESSION/STATE
	Kind  string `json:"kind"`
	// Part is answer, error or params (of what a server posts or calls).
	Part string `json:"part"`
	Path string `json:"path,omitempty"`
	Was  string `json:"was,omitempty"`
	Is   string `json:"is,omitempty"`
	Text string `json:"text,omitempty"`
	// Octets are where it is in the images of the first; nil if that is not known.
	Octets *Octets `json:"octets,omitempty"`
	// Times is how often; Connection and Frame are where the first was.
	Times      int `json:"times"`
	Connection int `json:"connection"`
	Frame      int `json:"frame"`
}

// Octets are where in two images of messages a place is, from 0.
type Octets struct {
	Was int `json:"was"`
	Is  int `json:"is"`
}

// Said is what a Deviation is in: a part of what was said to, or came back from, a state.
type Said struct {
	To         specifier.Specifier
	Part       string // answer, error or params
	Connection int
	Frame      int // of the request, in its direction; 0 if that is not known
	// Numbers: one of the two may have frozen integers as strings, see dialogue.NumbersMayBeStrings.
	Numbers bool
}

// Reply names what came back: an answer, or an error report with its text.
func Reply(isError bool, params *perl.Value) string {
	if isError {
		return "an error report (" + wire.ParseRemoteError(params).Message + ")"
	}
	return "an answer"
}

// StateOf names a state as reports do: SESSION/STATE.
func StateOf(to specifier.Specifier) string { return to.Session + "/" + to.State }

// badness orders kinds of deviation, the worst first.
var badness = map[string]int{Silence: 0, Outcome: 1, string(OfTypes): 2, string(Missing): 3, string(Extra): 4, string(OfValues): 5, Late: 6}

func (d *Deviation) compare(other *Deviation) int {
	return cmp.Or(cmp.Compare(badness[d.Kind], badness[other.Kind]), cmp.Compare(d.State, other.State),
		cmp.Compare(d.Part, other.Part), cmp.Compare(d.Path, other.Path), cmp.Compare(d.Is, other.Is))
}

// where is the place of a deviation.
func (d *Deviation) where() string { return fmt.Sprintf("%s, %s%s", d.State, d.Part, d.Path) }

// when tells how often, and where first.
func (d *Deviation) when() string {
	text := fmt.Sprintf("%d times, first in connection %d, #%d", d.Times, d.Connection, d.Frame)
	if d.Octets != nil {
		text += fmt.Sprintf(", at octet %d of the image (was: octet %d)", d.Octets.Is, d.Octets.Was)
	}
	return text
}

// lines are what was there, and what is.
func (d *Deviation) lines() []page.Line {
	if d.Text != "" {
		return []page.Line{{Sign: " ", Text: d.Text}}
	}
	return []page.Line{{Sign: "-", Text: cmp.Or(d.Was, "nothing")}, {Sign: "+", Text: cmp.Or(d.Is, "nothing")}}
}

// write shows a deviation to people.
func (d *Deviation) write(b *strings.Builder) {
	fmt.Fprintf(b, "%s: %s, %s\n", d.where(), d.Kind, d.when())
	for _, line := range d.lines() {
		fmt.Fprintf(b, "    %s\n", Cut(strings.TrimPrefix(line.Sign+" ", "  ")+line.Text))
	}
}

// entry shows a deviation in a page.
func (d *Deviation) entry() page.Entry {
	return page.Entry{Tone: page.Fail, Word: d.Kind, Title: d.where(), Text: d.when(), Lines: d.lines()}
}

// Cut shortens what does not fit a line or two of a terminal; JSON and HTML have all of it.
func Cut(s string) string {
	const most = 200
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return s
}
