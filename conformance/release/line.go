package release

import (
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// line looks at a line of the negotiation.
func (p *Print) line(l *dialogue.Line) {
	t, other := &p.sides[l.From], &p.sides[l.From.Other()]
	if l.End != "\r\n" {
		t.see(lineEnd, l)
	}
	if wire.IsSetup(l.Text) {
		t.saysSetup(l)
	}
	if l.From == wire.Server {
		t.serverLine(l, other)
	} else if l.Text == "NOT" && strings.Contains(other.setup, ";PID=") {
		if setup, err := wire.ParseSetup(other.setup); err == nil && len(setup.Serializers) == 1 {
			t.see(pidRefused, l)
		}
	}
	t.number = isNumberedHello(l.Text)
	t.hello = t.hello || l.Text == "HELLO"
	t.lines++
}

// saysSetup looks at a SETUP that a side says.
func (t *tracks) saysSetup(l *dialogue.Line) {
	t.setup = l.Text
	setup, err := l.Setup()
	switch {
	case err != nil || setup.String() != l.Text:
		t.see(setupOrder, l)
	case setup.PID != "":
		t.see(setupPID, l)
	default:
		t.see(setupNoPID, l)
	}
}

// serverLine looks at what a server says to the client's first lines.
func (t *tracks) serverLine(l *dialogue.Line, client *tracks) {
	isName := strings.HasPrefix(l.Text, "IAM ")
	switch {
	case t.lines > 0:
	case client.lines == 1 && client.number && isName:
		t.see(numberTaken, l)
	case client.lines == 1 && client.number && l.Text == "NOT":
		t.see(numberRefused, l)
	case client.setup != "" && !client.hello && l.Text == "NOT":
		t.see(setupRefused, l)
	case client.setup != "" && client.hello && isName:
		t.see(setupIgnored, l)
	}
}

// isNumberedHello tells whether a line is HELLO IKC and a digit.
func isNumberedHello(line string) bool {
	number, ok := strings.CutPrefix(line, "HELLO IKC")
	return ok && len(number) == 1 && number[0] >= '0' && number[0] <= '9'
}
