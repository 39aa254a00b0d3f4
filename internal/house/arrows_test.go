package house

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/perl-ikc/ikc-conform/"

// arrows are the packages of this module that each package may import. They point down: what stands
// below knows nothing of what stands above. A line that is not needed any more fails as one that is
// missing does. Packages of reference, examples and cmd are held by rules of their own below.
var arrows = map[string][]string{
	"internal/tempdir":       {},
	"internal/outfile":       {},
	"internal/message":       {"reference/perl"},
	"internal/visible":       {},
	"internal/browser":       {},
	".":                      {},
	"internal/walk":          {"internal/message", "reference/perl"},
	"internal/house":         {},
	"internal/house/systems": {},
	"internal/perltest":      {"conformance/driver", "reference/perl"},
	"perlpeer":               {"internal/tempdir"},
	"wireshark":              {},

	// What is recorded and how peers are reached.
	"conformance/capture":   {"internal/outfile"},
	"conformance/relay":     {"conformance/capture", "internal/visible"},
	"conformance/typed":     {"reference/perl"},
	"conformance/driver":    {"conformance/typed", "internal/visible", "perlpeer", "reference/perl"},
	"conformance/probe":     {"reference/perl", "reference/specifier", "reference/storable", "reference/wire"},
	"conformance/container": {"conformance/driver", "internal/visible", "perlpeer"},
	"conformance/refdriver": {"conformance/driver", "conformance/typed", "reference", "reference/clientlite", "reference/dumper", "reference/freezethaw", "reference/perl", "reference/storable", "reference/wire"},
	"conformance/targets":   {"conformance/container", "conformance/driver", "conformance/refdriver"},

	// What is judged, by what.
	"conformance/dialogue":     {"conformance/capture", "conformance/driver", "conformance/typed", "internal/message", "internal/visible", "reference/dumper", "reference/freezethaw", "reference/perl", "reference/specifier", "reference/storable", "reference/wire"},
	"conformance/release":      {"conformance/capture", "conformance/dialogue", "reference/perl", "reference/storable", "reference/wire"},
	"conformance/contract":     {"conformance/dialogue", "conformance/driver", "internal/walk", "reference/perl", "reference/wire"},
	"conformance/diagnosis":    {"conformance/capture", "conformance/dialogue", "internal/visible", "internal/walk", "reference/freezethaw", "reference/perl", "reference/specifier", "reference/wire"},
	"conformance/judge":        {"conformance/capture", "conformance/contract", "conformance/diagnosis", "conformance/dialogue", "conformance/driver", "conformance/release", "internal/message", "internal/visible", "internal/walk", "reference/perl", "reference/wire"},
	"conformance/checks/shown": {"conformance/capture", "conformance/contract", "conformance/dialogue", "conformance/judge", "internal/walk", "reference/perl", "reference/specifier", "reference/storable", "reference/wire"},
	"conformance/checks/told":  {"conformance/capture", "conformance/contract", "conformance/dialogue", "conformance/driver", "conformance/judge", "conformance/typed", "internal/walk", "reference/perl", "reference/specifier", "reference/wire"},
	"conformance/checks":       {"conformance/checks/shown", "conformance/checks/told", "conformance/judge"},
	"conformance/cell":         {"conformance/driver", "conformance/judge", "reference/dumper", "reference/freezethaw", "reference/storable", "reference/wire"},
	"conformance/known":        {"conformance/cell", "conformance/checks", "conformance/judge", "conformance/release", "reference/wire"},
	"conformance/sweep":        {"conformance/cell", "conformance/judge", "conformance/known"},

	// What tells of it.
	"conformance/page":       {"internal/visible"},
	"conformance/report":     {"conformance/cell", "conformance/checks", "conformance/diagnosis", "conformance/dialogue", "conformance/driver", "conformance/judge", "conformance/known", "conformance/page", "conformance/release", "conformance/sweep", "internal/visible", "reference/wire"},
	"conformance/config":     {},
	"conformance/spec":       {"conformance/checks", "conformance/judge", "conformance/known"},
	"conformance/compare":    {"conformance/dialogue", "conformance/page", "reference/perl", "reference/specifier", "reference/storable", "reference/wire"},
	"conformance/diff":       {"conformance/compare", "conformance/dialogue", "conformance/page", "internal/visible", "reference/perl", "reference/wire"},
	"conformance/gen":        {"conformance/compare", "conformance/dialogue", "reference/perl", "reference/specifier", "reference/wire"},
	"conformance/anonymise":  {"conformance/capture", "conformance/contract", "conformance/diagnosis", "conformance/dialogue", "conformance/driver", "conformance/judge", "conformance/page", "internal/visible", "internal/walk", "reference/dumper", "reference/freezethaw", "reference/perl", "reference/storable", "reference/wire"},
	"conformance/reduce":     {"conformance/capture", "conformance/diagnosis", "conformance/dialogue", "conformance/judge", "conformance/page", "internal/visible", "reference/dumper", "reference/freezethaw", "reference/perl", "reference/storable", "reference/wire"},
	"conformance/replay":     {"conformance/compare", "conformance/dialogue", "conformance/page", "conformance/probe", "internal/visible", "internal/walk", "reference/perl", "reference/specifier", "reference/wire"},
	"conformance/mock":       {"conformance/compare", "conformance/dialogue", "conformance/page", "internal/visible", "internal/walk", "reference", "reference/perl", "reference/specifier", "reference/wire"},
	"conformance/shadow":     {"conformance/capture", "conformance/compare", "conformance/dialogue", "conformance/page", "conformance/relay", "internal/visible", "internal/walk", "reference/perl", "reference/specifier", "reference/wire"},
	"conformance/oracle":     {"conformance/capture", "conformance/cell", "conformance/compare", "conformance/contract", "conformance/dialogue", "conformance/page", "internal/visible", "reference/perl", "reference/wire"},
	"conformance/upgrade":    {"conformance/cell", "conformance/checks", "conformance/dialogue", "conformance/harness", "conformance/judge", "conformance/known", "conformance/oracle", "conformance/report", "conformance/targets", "internal/visible"},
	"conformance/recordings": {"conformance/checks", "conformance/dialogue", "conformance/driver", "conformance/judge", "conformance/known", "reference/wire"},

	// What plays.
	"conformance/harness":           {"conformance/capture", "conformance/cell", "conformance/checks", "conformance/contract", "conformance/dialogue", "conformance/driver", "conformance/judge", "conformance/known", "conformance/probe", "conformance/relay", "conformance/release", "conformance/sweep", "conformance/targets", "conformance/typed", "internal/tempdir", "internal/visible", "reference/perl", "reference/specifier", "reference/storable", "reference/wire"},
	"conformance/drivercheck":       {"conformance/contract", "conformance/driver", "conformance/refdriver", "conformance/typed", "internal/visible", "internal/walk", "reference/perl", "reference/wire"},
	"conformance/model":             {"conformance/capture", "conformance/driver", "conformance/relay", "conformance/typed", "internal/outfile", "reference/perl"},
	"conformance/mutants/octets":    {"reference/perl", "reference/storable", "reference/wire"},
	"conformance/mutants/server":    {"conformance/contract", "conformance/mutants/octets", "internal/walk", "reference/perl", "reference/specifier", "reference/storable", "reference/wire"},
	"conformance/mutants/client":    {"conformance/cell", "conformance/contract", "conformance/driver", "conformance/mutants/octets", "conformance/refdriver", "conformance/typed", "reference/perl", "reference/specifier", "reference/storable", "reference/wire"},
	"conformance/mutants":           {"conformance/cell", "conformance/checks", "conformance/driver", "conformance/harness", "conformance/judge", "conformance/mutants/client", "conformance/mutants/server", "conformance/probe", "conformance/refdriver", "conformance/targets"},
	"conformance/recordings/record": {"conformance/cell", "conformance/checks", "conformance/dialogue", "conformance/driver", "conformance/harness", "conformance/judge", "conformance/known", "conformance/recordings", "conformance/spec", "conformance/targets", "internal/tempdir"},
	"conformance/mutator":           {"conformance/capture", "conformance/cell", "conformance/dialogue", "conformance/driver", "conformance/harness", "conformance/judge", "conformance/relay", "conformance/targets", "conformance/typed", "internal/tempdir", "reference/perl", "reference/wire"},
	"conformance/mutator/mutate":    {"conformance/checks", "conformance/harness", "conformance/mutator", "internal/visible"},
	"conformance/site":              {"conformance/checks", "conformance/diagnosis", "conformance/judge", "conformance/known", "conformance/page", "conformance/recordings", "conformance/release", "conformance/spec", "internal/outfile"},
	"conformance/suite":             {"conformance/checks", "conformance/dialogue", "conformance/harness", "conformance/judge", "conformance/known", "conformance/recordings", "conformance/report", "conformance/targets", "internal/visible"},
}

// links are packages that others must not link, directly or not: the first of a pair is a package,
// the second the beginning of the paths of what it must not reach.
var links = [][2]string{
	// The judge must not link what it judges.
	{"conformance/judge", module + "reference$"},
	{"conformance/checks", module + "reference$"},
	{"conformance/dialogue", module + "reference$"},
	// A ClientLite needs no kernel.
	{"reference/clientlite", module + "reference$"},
	// Who shows results, or embeds the judge, links no Docker and no harness.
	{"conformance/judge", "github.com/docker/"}, {"conformance/judge", "github.com/moby/"}, {"conformance/judge", "github.com/testcontainers/"},
	{"conformance/report", "github.com/docker/"}, {"conformance/report", "github.com/moby/"}, {"conformance/report", "github.com/testcontainers/"},
	{"conformance/report", module + "conformance/harness"}, {"conformance/report", module + "conformance/targets"},
}

// pkg is what 'go list' says of a package.
type pkg struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Deps       []string
}

// list lists the packages of this module.
func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Standard,Imports,Deps", "./...")
	cmd.Dir = "../.."
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, errs.Bytes())
	}
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// within is the path of a package of this module, "." for that at its root.
func within(path string) (string, bool) {
	if path+"/" == module {
		return ".", true
	}
	return strings.CutPrefix(path, module)
}

// TestArrows: packages import what the table allows, and nothing that points up.
func TestArrows(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range list(t) {
		name, _ := within(p.ImportPath)
		seen[name] = true
		var own []string
		for _, path := range p.Imports {
			if rel, ok := within(path); ok {
				own = append(own, rel)
			}
		}
		switch {
		case name == "reference" || strings.HasPrefix(name, "reference/"):
			for _, to := range own {
				if !strings.HasPrefix(to, "reference/") && to != "reference" && to != "internal/message" && to != "internal/visible" {
					t.Errorf("%s imports %s: the kernel and its packages import each other, internal/message and internal/visible", name, to)
				}
			}
			for _, path := range p.Deps {
				if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") && !strings.HasPrefix(path, module) {
					t.Errorf("%s links %s: the kernel and its packages link nothing but Go's own and each other", name, path)
				}
			}
		case strings.HasPrefix(name, "cmd/"), strings.HasPrefix(name, "examples/"):
			// They stand on top.
		default:
			allowed, ok := arrows[name]
			if !ok {
				t.Errorf("%s: expected a line in the table of arrows, internal/house/arrows_test.go", name)
			}
			for _, to := range own {
				if !slices.Contains(allowed, to) {
					t.Errorf("%s imports %s, which its line in the table of arrows does not allow", name, to)
				}
			}
			for _, to := range allowed {
				if !slices.Contains(own, to) {
					t.Errorf("%s does not import %s: take it out of the table of arrows", name, to)
				}
			}
		}
	}
	for name := range arrows {
		if !seen[name] {
			t.Errorf("%s is in the table of arrows, and no package", name)
		}
	}
}

// TestLinks: what must not be linked is not, on no way.
func TestLinks(t *testing.T) {
	all := map[string]pkg{}
	for _, p := range list(t) {
		all[strings.TrimPrefix(p.ImportPath, module)] = p
	}
	for _, l := range links {
		p, ok := all[l[0]]
		if !ok {
			t.Fatalf("no package %s", l[0])
		}
		prefix, exact := strings.CutSuffix(l[1], "$")
		for _, d := range p.Deps {
			if d == prefix || !exact && strings.HasPrefix(d, prefix) {
				t.Errorf("%s links %s, and perhaps more that begins with %s", l[0], d, prefix)
				break
			}
		}
	}
}
