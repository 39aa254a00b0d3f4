package release

import (
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// minors are the facts by minor version of Storable, 4 to 11.
var minors = [...]fact{minor4, minor5, minor6, minor7, minor8, minor9, minor10, minor11}

// image looks at the head of a Storable image, and at its booleans.
func (t *tracks) image(f *dialogue.Frame) {
	if n := f.Image[1]; n != t.minor {
		t.minor = n
		if n >= 4 && n <= 11 {
			t.see(minors[n-4], f)
		}
	}
	if kinds, known := f.Kinds(); known && !kinds.Has(perl.Bool) || t.has(booleanSent) || t.searches == maxSearches {
		return
	}
	t.searches++
	if hasBooleans(f) {
		t.see(booleanSent, f)
	}
}

// maxSearched is how long an image may be that is searched for booleans, and maxSearches how many
// of a side are.
const maxSearched, maxSearches = 1 << 20, 64

// hasBooleans tells whether an image has boolean tags.
func hasBooleans(f *dialogue.Frame) bool {
	return f.Thawed() && len(f.Image) <= maxSearched && storable.HasBooleanTags(f.Image)
}

// lite looks at a request of a ClientLite.
func (t *tracks) lite(f *dialogue.Frame, isStorable bool) {
	m := f.Message
	switch {
	case m.IsLitePing(): // it never has a from
	case m.From.Session == wire.SessionIKCLite:
		t.see(liteFrom, f)
	case !m.From.Present() && m.RSVP.Session == wire.SessionIKCLite:
		t.see(liteNoFrom, f)
	default:
		return // a kernel that talks of one
	}
	if isStorable {
		if f.Image[0]&1 == 1 {
			t.see(liteNetwork, f)
		} else {
			t.see(liteNative, f)
		}
	}
	if m.Kind == dialogue.Call && m.RSVP.Session == wire.SessionIKCLite && t.calls < maxCalls && f.Thawed() {
		t.calls++
		t.wantarray(f, isStorable)
	}
}

// wantarray looks at what a ClientLite says of the context of a call.
func (t *tracks) wantarray(f *dialogue.Frame, isStorable bool) {
	var said *perl.Value
	if f.Mentions("wantarray") {
		said = f.Message.Sent("wantarray")
	}
	if said == nil {
		t.see(liteNoWantarray, f)
		return
	}
	t.see(liteWantarray, f)
	switch k := said.Kind(); {
	case isStorable && k != perl.Bool && k != perl.Undef: // undef is the void context
		t.see(litePlain, f)
	case !isStorable && k == perl.Bool:
		t.see(liteDumped, f)
	}
}

// report looks at an error report.
func (t *tracks) report(f *dialogue.Frame) {
	params := f.Message.Params()
	text, _ := params.AsString()
	if k := params.Kind(); k == perl.Bytes || k == perl.Text {
		t.see(errorAlone, f)
	} else if list := params.Target().Elems(); k == perl.Ref && len(list) == 3 {
		t.see(errorTriple, f)
		text, _ = list[0].AsString()
	}
	text = strings.TrimSuffix(text, "\n")
	if i := strings.LastIndex(text, ".  Request "); i >= 0 && strings.HasPrefix(text[i:], ".  Request poe:") {
		t.see(textRequest, f)
	}
	if strings.HasSuffix(text, "]") && strings.Contains(text, " [poe:") {
		t.see(textBrackets, f)
	}
	const unavailable = " is not available for remote kernels"
	session, rest, ok := strings.Cut(text, unavailable)
	switch {
	case !ok || !strings.HasPrefix(session, "Session "):
	case strings.HasPrefix(rest, ":\n"):
		t.see(textStates, f)
	case !strings.Contains(session, "'"):
		t.see(textBare, f)
	}
}

// answer looks at an answer. peerBooleans tells whether the other side has sent booleans.
func (t *tracks) answer(f *dialogue.Frame, peerBooleans bool) {
	x := f.Message.Exchange
	if x == nil {
		return
	}
	if peerBooleans && !t.has(booleanRead) && !x.Ambiguous && t.searches < maxSearches {
		if t.searches++; hasBooleans(x.Request.Frame) {
			t.see(booleanRead, f)
		}
	}
	to := x.Request.To
	if to.Session != wire.SessionIKC || to.State != wire.StateHave || t.has(refusalNot) || t.has(refusalRefused) {
		return
	}
	text, _ := f.Message.Params().AsString()
	switch {
	case strings.HasPrefix(text, "NOT "):
		t.see(refusalNot, f)
	case strings.HasPrefix(text, "Refused subscription "):
		t.see(refusalRefused, f)
	}
}
