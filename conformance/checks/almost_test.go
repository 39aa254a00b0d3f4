package checks

import (
	"slices"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// A connection that begins almost like IKC is judged, in a capture of strangers as well; one of
// another protocol is not.
func TestAlmostIKC(t *testing.T) {
	for _, test := range []struct {
		name  string
		lines []string
		side  wire.Role
		want  string // the check that fails, "" if nothing is judged
	}{
		{"hello in small letters", []string{"C: hello"}, wire.Client, "HC-IKC0-001"},
		{"hello that is answered", []string{"C: hello", "S: IAM server-1", "C: OK"}, wire.Client, "HC-IKC0-001"},
		{"hello and IAM in a line", []string{"C: hello IAM"}, wire.Client, "HC-IKC0-001"},
		{"setup in small letters", []string{"C: setup kernel=a;freezer=Storable;pid=1"}, wire.Client, "HC-IKC0-001"},
		{"IAM before HELLO", []string{"C: IAM client-1", "S: NOT"}, wire.Client, "HC-IKC0-001"},
		{"iam of the server", []string{"C: HELLO", "S: iam server-1"}, wire.Server, "HS-IKC-001"},
		{"SMTP", []string{"S: 220 mail.example.com ESMTP", "C: EHLO client", "S: 250 OK", "C: NOOP"}, wire.Client, ""},
		{"Redis", []string{"C: hello 3", "S: -ERR unknown command"}, wire.Client, ""},
		{"small talk", []string{"C: hello there", "S: WORLD"}, wire.Client, ""},
	} {
		verdicts := newScript(t, test.lines...).judgeAs(test.side, dialogue.Options{})
		failed := fails(verdicts)
		if test.want == "" {
			for id, v := range verdicts {
				if v.Outcome != judge.Inconclusive {
					t.Errorf("%s: expected nothing to be judged, got %s of %s", test.name, v.Outcome, id)
				}
			}
		} else if !slices.Contains(failed, test.want) {
			t.Errorf("%s: expected %s to fail, got %v", test.name, test.want, failed)
		}
	}
}
