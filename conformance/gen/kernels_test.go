package gen

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// TestUnlike: what is never the same at two kernels is told, and what may be chance is not.
func TestUnlike(t *testing.T) {
	num, str, array := perl.NewInt, perl.NewBytes, perl.ArrayRef
	hash := func(keys ...string) *perl.Value {
		v := perl.NewHash()
		for _, key := range keys {
			v.AppendPair(perl.P(key, num(1)))
		}
		return perl.NewRef(v)
	}
	for _, test := range []struct {
		name string
		a, b []*perl.Value
		want string
	}{
		{"the same", []*perl.Value{num(1)}, []*perl.Value{str("x"), perl.NewUndef()}, ""},
		{"kinds", []*perl.Value{num(1)}, []*perl.Value{hash("x")}, `svc/x params is scalar at "A", hash at "B"`},
		{"several kinds", []*perl.Value{num(1), array()}, []*perl.Value{hash()}, `svc/x params is of several kinds at "A", hash at "B"`},
		{"elements", []*perl.Value{array(num(1))}, []*perl.Value{array(hash("x"), hash("x"))}, `svc/x params [*] is scalar at "A", hash at "B"`},
		{"lengths", []*perl.Value{array()}, []*perl.Value{array(num(1), num(2)), array(num(1))}, ""},
		{"keys", []*perl.Value{hash("x", "y")}, []*perl.Value{hash("x", "z")},
			`svc/x params {'y'} is always there at "A", never at "B"; svc/x params {'z'} is always there at "B", never at "A"`},
		{"now and then", []*perl.Value{hash("x", "y"), hash("x")}, []*perl.Value{hash("x")}, ""},
		{"numbers are data", []*perl.Value{hash("1")}, []*perl.Value{hash("2")}, ""},
		{"named data", []*perl.Value{hash("bolt")}, []*perl.Value{hash("nut")}, ""},
		{"below", []*perl.Value{perl.HashRef(perl.P("x", num(1)))}, []*perl.Value{perl.HashRef(perl.P("x", array()))},
			`svc/x params {'x'} is scalar at "A", array at "B"`},
	} {
		i := newInterface()
		s := i.state("svc", "x")
		for name, values := range map[string][]*perl.Value{"A": test.a, "B": test.b} {
			for _, v := range values {
				i.apart.add(i.sessions["svc"].at(s, name).params, v)
			}
		}
		i.sessions["svc"].kernels = []string{"A", "B"}
		var maps []string
		if test.name == "named data" {
			maps = []string{"svc/x params"}
		}
		got := strings.Join(i.Unlike(maps), "\n")
		if test.want == "" && got != "" || !strings.Contains(got, ": "+test.want+"; --kernel") && test.want != "" {
			t.Errorf("%s: expected %q, got %q", test.name, test.want, got)
		}
	}
}

// TestKernel: the sessions of one kernel are chosen by any of its names.
func TestKernel(t *testing.T) {
	path := filepath.Join(repository, "captures/perl-server-perl-client-ikc.pcapng")
	states := func(kernel string) (answers, unlike int) {
		r, err := capture.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		i, err := Read(r.Events(capture.Limits{}), Options{Kernel: kernel})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range i.Sessions() {
			answers += s.Answered
		}
		return answers, len(i.Unlike(nil))
	}
	all, unlike := states("")
	if unlike == 0 {
		t.Error("expected to be told that the session is not the same at both kernels")
	}
	server, unlikeServer := states("ConformServer")
	client, unlikeClient := states("ConformClient")
	if server == 0 || client == 0 || server+client != all || unlikeServer+unlikeClient > 0 {
		t.Errorf("expected %d answers of two kernels, got %d and %d", all, server, client)
	}
	if none, _ := states("Nobody"); none != 0 {
		t.Errorf("expected no answers of a kernel that is not there, got %d", none)
	}
}
