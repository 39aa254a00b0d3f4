// Package recordings knows what there is to know of the captures in captures/: how each was made,
// and what the checks must say of it.
//
// Each capture NAME.pcapng has a sidecar NAME.json, a [Sidecar]. Those in captures/ itself are of
// release 0.2402 and Go, in captures/releases/ of every release, with each role, dialect and
// serializer that works in it. 'make captures' records them again from the real
// POE::Component::IKC. Those in captures/broken/ show what goes wrong when a kernel has a defect
// and its peer is the real one: their sidecars expect failures.
package recordings

import (
	"cmp"
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
	// Expected are outcomes by side and id: of the checks whose outcome is not what the catalogue says
	// of the original, that they pass where the capture shows what they need. A check that is not
	// named must not fail, unless it is known to. So a new check changes no sidecar.
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

// Outcomes are what a judge found, by side and id. What fails and is known of the release that did
// it is a known deviation.
func (s *Sidecar) Outcomes(f *judge.Judgement, list known.Deviations) map[string]map[string]judge.Outcome {
	deviations := map[string]known.Deviations{
		"server": list.Of(s.Server.Implementation, s.Server.Release, s.Server.Versions),
		"client": list.Of(s.Client.Implementation, s.Client.Release, s.Client.Versions),
	}
	out := map[string]map[string]judge.Outcome{}
	for _, v := range f.Verdicts {
		side := v.Side.String()
		if out[side] == nil {
			out[side] = map[string]judge.Outcome{}
		}
		if v.Outcome == judge.Fail && deviations[side].Find(v.Check.ID) != nil {
			v.Outcome = judge.Known
		}
		out[side][v.Check.ID] = v.Outcome
	}
	return out
}

// Expect makes outcomes those that the sidecar expects, and leaves out what need not be named.
func (s *Sidecar) Expect(outcomes map[string]map[string]judge.Outcome) {
	s.Expected = map[string]map[string]string{}
	for side, of := range outcomes {
		for id, outcome := range of {
			if outcome != judge.Fail {
				continue
			}
			if s.Expected[side] == nil {
				s.Expected[side] = map[string]string{}
			}
			s.Expected[side][id] = outcome.String()
		}
	}
}

// Differences says how what a judge found differs from what is expected, by side and check; of the
// sides named, or of both.
func (s *Sidecar) Differences(f *judge.Judgement, sides ...string) (out []string) {
	list, err := known.Load()
	if err != nil {
		return []string{err.Error()}
	}
	if len(sides) == 0 {
		sides = []string{"client", "server"}
	}
	got := s.Outcomes(f, list)
	for _, side := range sides {
		for id, g := range got[side] {
			if w, named := s.Expected[side][id]; named && w != g.String() || !named && g == judge.Fail {
				out = append(out, fmt.Sprintf("%s of the %s: expected %q, got %q", id, side, cmp.Or(w, "no failure"), g))
			}
		}
		for id, w := range s.Expected[side] {
			if _, ok := got[side][id]; !ok {
				out = append(out, fmt.Sprintf("%s of the %s: expected %q, got no verdict", id, side, w))
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
