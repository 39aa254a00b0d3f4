package oracle_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/mutants/server"
	"github.com/perl-ikc/ikc-conform/conformance/oracle"
	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// play has the scenarios played on a target, as a server, and returns the capture.
func play(t *testing.T, spec string) string {
	t.Helper()
	target, err := targets.Parse(spec)
	if err != nil {
		t.Fatal(err)
	}
	opts := harness.Options{Session: true, Patience: probe.DefaultTimeout, Timeout: 20 * time.Second, Dir: t.TempDir(),
		Cells: []cell.Cell{{Role: cell.AsServer, Dialect: cell.IKC0}}}
	r, err := harness.Run(context.Background(), target, opts)
	if err != nil {
		t.Fatal(err)
	}
	if r.Cells[0].Capture == "" {
		t.Fatalf("%s: expected a capture, got %v", spec, r.Cells[0].Err)
	}
	return r.Cells[0].Capture
}

func serve(t *testing.T, d *server.Behaviour) string {
	t.Helper()
	s, err := server.Start(server.Options{Behaviour: d})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	return play(t, "tcp:"+s.Addr())
}

func compare(t *testing.T, target, with string) []oracle.Difference {
	t.Helper()
	list, err := oracle.Compare(target, with, wire.Server, dialogue.Options{AssumeIKC: true})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func show(t *testing.T, list []oracle.Difference) string {
	t.Helper()
	var b strings.Builder
	if err := oracle.Write(&b, "target", "oracle", list); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestSame: two runs of one implementation do not differ, whatever is another every time.
func TestSame(t *testing.T) {
	if list := compare(t, play(t, "reference"), play(t, "reference")); len(list) > 0 {
		t.Errorf("expected no difference of the reference to itself, got\n%s", show(t, list))
	}
	if list := compare(t, serve(t, nil), serve(t, nil)); len(list) > 0 {
		t.Errorf("expected no difference between two servers without defect, got\n%s", show(t, list))
	}
}

// TestDefects: the first message that is wrong is found, and where in its image.
func TestDefects(t *testing.T) {
	right := serve(t, nil)
	for _, test := range []struct{ defect, path, target, oracle string }{
		{"no PID", "", "FREEZER=Storable\\r\\n", "PID=<pid>"},
		{"LF only", "", "\\n\"", "\\r\\n\""},
		{"error without is_error", "message", "remote_error", "is_error => 1"},
		{"from with the wrong session", "message{'from'}{'session'}", "", ""},
		{"answer to the wrong state", "message{'event'}{'state'}", "", ""},
		{"unknown operation", "message{'params'}[2]", "", "'check'"},
		{"no error", "", "", "remote_error"},
	} {
		d := server.Find(test.defect)
		if d == nil {
			t.Fatalf("expected a defect %q, found none", test.defect)
		}
		list := compare(t, serve(t, d), right)
		if len(list) == 0 {
			t.Errorf("%s: expected a difference, got none", test.defect)
			continue
		}
		text := show(t, list)
		found := false
		for _, f := range list {
			path := ""
			if f.Image != nil {
				path = f.Image.Path
			}
			found = found || (test.path == "" || path == test.path) &&
				strings.Contains(f.Target, test.target) && strings.Contains(f.Oracle, test.oracle)
		}
		if !found {
			t.Errorf("%s: expected a difference in %q, %q against %q, got\n%s", test.defect, test.path, test.target, test.oracle, text)
		}
	}
}

// TestPerl: the reference says what the real implementation says, octet for octet but for what must
// differ.
func TestPerl(t *testing.T) {
	root := driver.ReleasesDir()
	if _, err := os.Stat(root + "/0.2402"); err != nil {
		t.Skipf("no real Perl implementation: %v", err)
	}
	if list := compare(t, play(t, "reference"), play(t, "perl@0.2402")); len(list) > 0 {
		t.Errorf("expected no difference, got\n%s", show(t, list))
	}
}
