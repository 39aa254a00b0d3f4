package dialogue

import (
	"slices"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

const (
	setupC = "SETUP KERNEL=client-1,Client,192.0.2.1:50000;FREEZER=Storable;PID=1"
	setupS = "SETUP KERNEL=server-1,Server,192.0.2.2:603;FREEZER=Storable;PID=2"
)

var (
	linesIKC0 = []string{"C: " + setupC, "S: " + setupS}
	linesIKC  = []string{
		"C: HELLO", "S: IAM server-1", "C: OK", "S: IAM 192.0.2.2:603", "C: OK", "S: IAM Server", "C: OK", "S: DONE",
		"C: IAM client-1", "S: OK", "C: IAM 192.0.2.1:50000", "S: OK", "C: IAM Client", "S: OK", "C: DONE",
		"C: FREEZER Storable", "S: OK", "C: WORLD", "S: UP",
	}
)

// TestServerTurns lays lines of both sides beside each other.
func TestServerTurns(t *testing.T) {
	for _, test := range []struct {
		name  string
		lines []string
		want  []string // "step ask/reply"
		extra []string
	}{
		{"IKC0", linesIKC0, []string{"SETUP/SETUP"}, nil},
		{"refused", []string{"C: SETUP KERNEL=x", "S: NOT", "C: HELLO", "S: IAM x"}, []string{"SETUP/NOT", "HELLO/IAM"}, nil},
		{"noise has no reply", []string{"C: GOOD DAY", "C: HELLO", "S: IAM x"}, []string{"GOOD/", "HELLO/IAM"}, nil},
		{"noise answered", []string{"C: GOOD DAY", "S: NOT", "C: HELLO", "S: IAM x"}, []string{"GOOD/", "HELLO/IAM"}, []string{"NOT"}},
		{"client did not wait", []string{"C: HELLO", "C: OK", "C: OK", "S: IAM x", "S: IAM y", "S: DONE"}, []string{"HELLO/IAM", "OK/IAM", "OK/DONE"}, nil},
		{"NOT is not answered", []string{"C: HELLO", "S: IAM x", "C: NOT", "C: OK", "S: DONE"}, []string{"HELLO/IAM", "NOT/", "OK/DONE"}, nil},
		{"DONE is not answered", []string{"C: HELLO", "S: IAM x", "C: OK", "S: DONE", "C: DONE", "C: WORLD", "S: UP"},
			[]string{"HELLO/IAM", "OK/DONE", "DONE/", "WORLD/UP"}, nil},
		{"version", []string{"C: HELLO IKC1", "S: NOT", "C: HELLO", "S: IAM x"}, []string{"HELLO/NOT", "HELLO/IAM"}, nil},
		{"nothing comes", []string{"C: " + setupC}, []string{"SETUP/"}, nil},
		{"nothing was asked", []string{"S: WELCOME"}, nil, []string{"WELCOME"}},
		{"asked too late", []string{"S: WELCOME", "C: HELLO", "S: IAM x"}, []string{"HELLO/IAM"}, []string{"WELCOME"}},
	} {
		turns, extra := ServerTurns(negotiation(test.lines))
		var got, more []string
		for _, u := range turns {
			got = append(got, firstWord(u.Line)+"/"+firstWord(u.Reply))
		}
		for _, l := range extra {
			more = append(more, firstWord(l))
		}
		if !slices.Equal(got, test.want) || !slices.Equal(more, test.extra) {
			t.Errorf("%s: expected %q and besides %q, got %q and %q", test.name, test.want, test.extra, got, more)
		}
	}
}

// TestClientTurns is the same for the other side.
func TestClientTurns(t *testing.T) {
	for _, test := range []struct {
		name  string
		lines []string
		want  []string
		extra []string
	}{
		{"IKC0", linesIKC0, []string{"/SETUP", "SETUP/"}, nil},
		{"IKC0 with two serializers", []string{"C: " + setupC, "S: " + strings.Replace(setupS, "=Storable", "=Storable,X", 1), "C: NOT"},
			[]string{"/SETUP", "SETUP/NOT"}, nil},
		{"fallback", []string{"C: " + setupC, "S: NOT", "C: HELLO", "S: IAM x", "C: OK", "S: DONE", "C: IAM c", "S: OK", "C: DONE", "C: WORLD", "S: UP"},
			[]string{"/SETUP", "NOT/HELLO", "IAM/OK", "DONE/IAM", "OK/DONE", "DONE/WORLD", "UP/"}, nil},
		{"second serializer", append(slices.Clone(linesIKC[:15]), "C: FREEZER X", "S: NOT", "C: FREEZER Storable", "S: OK", "C: WORLD", "S: UP")[8:],
			[]string{"/IAM"}, nil},
		{"silent client", nil, []string{"/"}, nil},
		{"too much", []string{"C: " + setupC, "S: " + setupS, "C: NOT"}, []string{"/SETUP", "SETUP/"}, []string{"NOT"}},
	} {
		turns, extra := ClientTurns(negotiation(test.lines))
		var got, more []string
		for _, u := range turns {
			got = append(got, firstWord(u.Line)+"/"+firstWord(u.Reply))
		}
		for _, l := range extra {
			more = append(more, firstWord(l))
		}
		if test.name == "second serializer" {
			got, more = got[:1], nil // what follows a start in the middle is of no interest
		}
		if !slices.Equal(got, test.want) || !slices.Equal(more, test.extra) {
			t.Errorf("%s: expected %q and besides %q, got %q and %q", test.name, test.want, test.extra, got, more)
		}
	}
}

func negotiation(lines []string) *Negotiation {
	n := new(Negotiation)
	for _, l := range lines {
		side, text, _ := strings.Cut(l, ": ")
		from := wire.Client
		if side == "S" {
			from = wire.Server
		}
		n.Lines = append(n.Lines, &Line{From: from, Text: text, End: "\r\n"})
	}
	return n
}

func firstWord(l *Line) string {
	if l == nil {
		return ""
	}
	word, _, _ := strings.Cut(l.Text, " ")
	return word
}
