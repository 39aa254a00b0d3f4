// Package recordings knows what there is to know of the captures in captures/: how each was made,
// and what every check must say of it.
//
// Each capture NAME.pcapng has a sidecar NAME.json, a [Sidecar]. Those in captures/ itself are of release 0.2402 and Go, in
// captures/releases/ of every release, with each role, dialect and serializer that works in it. 'make captures' records
// them again from the real POE::Component::IKC. Those in captures/broken/ show what goes wrong when a kernel has a defect and its
// peer is the real one: their sidecars expect failures.
package recordings

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
)

// Sidecar is what is known of a capture.
type Sidecar struct {
	// Capture is the file, beside the sidecar.
	Capture string `json:"capture"`
	// Recorded is the day.
	Recorded string `json:"recorded"`
	// Server and Client are the two sides.
	Server Side `json:"server"`
	Client Side `json:"client"`
	// Dialect is what was negotiated: IKC0, IKC, or fallback (the client's SETUP was refused).
	Dialect    string `json:"dialect"`
	Serializer string `json:"serializer"`
	// Defect is what one side did wrong on purpose, of package mutants; in captures/broken only.
	Defect string `json:"defect,omitempty"`
	// Expected is the outcome of every check, by side and id.
	Expected map[string]map[string]string `json:"expected"`
}

// Side is a kernel of a capture.
type Side struct {
	// Role is server, client or clientlite.
	Role           string            `json:"role"`
	Implementation string            `json:"implementation"`
	Release        string            `json:"release"`
	Versions       map[string]string `json:"versions"`
}

// NewSide says what a driver is.
func NewSide(role string, h *driver.Hello) Side {
	return Side{Role: role, Implementation: h.Implementation, Release: h.Release, Versions: h.Versions}
}

// Outcomes makes what a sidecar expects of what a judge found. What fails and is known of the release that did it is a
// known deviation.
func (s *Sidecar) Outcomes(f *judge.FileVerdict, list known.Deviations) map[string]map[string]string {
	deviations := map[string]known.Deviations{
		"server": list.Of(s.Server.Implementation, s.Server.Release),
		"client": list.Of(s.Client.Implementation, s.Client.Release),
	}
	out := map[string]map[string]string{}
	for _, v := range f.Verdicts {
		side := v.Side.String()
		if out[side] == nil {
			out[side] = map[string]string{}
		}
		if v.Outcome == judge.Fail && deviations[side].Find(v.Check.ID) != nil {
			v.Outcome = judge.Known
		}
		out[side][v.Check.ID] = v.Outcome.String()
	}
	return out
}

// Differences says how what a judge found differs from what is expected, by side and check; of the sides named, or of
// both. A check that one of them lacks is a difference.
func (s *Sidecar) Differences(f *judge.FileVerdict, sides ...string) (out []string) {
	list, err := known.Load()
	if err != nil {
		return []string{err.Error()}
	}
	if len(sides) == 0 {
		sides = []string{"client", "server"}
	}
	want, got := s.Expected, s.Outcomes(f, list)
	for _, side := range sides {
		ids := map[string]bool{}
		for id := range want[side] {
			ids[id] = true
		}
		for id := range got[side] {
			ids[id] = true
		}
		for id := range ids {
			if w, g := want[side][id], got[side][id]; w != g {
				out = append(out, fmt.Sprintf("%s of the %s: expected %q, got %q", id, side, w, g))
			}
		}
	}
	slices.Sort(out)
	return out
}

// Read reads a sidecar.
func Read(path string) (*Sidecar, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := new(Sidecar)
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("%s: expected the sidecar of a capture: %w", path, err)
	}
	if s.Capture == "" || s.Expected == nil {
		return nil, fmt.Errorf("%s: expected the sidecar of a capture, got JSON without capture or expected", path)
	}
	return s, nil
}

// Load reads the sidecars of a directory.
func Load(dir string) ([]*Sidecar, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	var all []*Sidecar
	for _, path := range paths {
		s, err := Read(path)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// Write writes the sidecar of a capture in a directory.
func (s *Sidecar) Write(dir string) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	name := strings.TrimSuffix(s.Capture, ".pcapng") + ".json"
	return os.WriteFile(filepath.Join(dir, name), append(b, '\n'), 0o644)
}
