package mock

import (
	"cmp"
	_ "embed"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// SchemaID names the schema of what WriteJSON writes.
const SchemaID = "https://github.com/perl-ikc/ikc-conform/conformance/mock/schema.json"

// Schema is the JSON Schema (draft 2020-12) of what WriteJSON writes.
//
//go:embed schema.json
var Schema []byte

// Report is what mocks were asked.
type Report struct {
	// Schema is the id of the schema that it keeps.
	Schema string `json:"$schema"`
	// Left counts connections of the recording that could not be played, LeftOut messages for which
	// there was no room.
	Left    int      `json:"left"`
	LeftOut int      `json:"left_out"`
	Kernels []Played `json:"kernels"`
}

// Played is what one mock was asked.
type Played struct {
	// Name is that of the kernel that was played.
	Name string `json:"name"`
	// Connections counts those that were made, Strangers those of kernels unlike all in the recording.
	Connections int `json:"connections"`
	Strangers   int `json:"strangers"`
	// States are what was asked, and what was recorded, by name.
	States []State `json:"states"`
	// Unknown are states that were asked for and are not in the recording, and Trouble is what could
	// not be said, or got no answer, each kind once.
	Unknown []Times `json:"unknown"`
	Trouble []Times `json:"trouble"`
}

// State counts requests to a state.
type State struct {
	Name string `json:"name"` // SESSION/STATE
	// Recorded counts those of the recording, Asked those that came.
	Recorded int `json:"recorded"`
	Asked    int `json:"asked"`
	// Near counts those that are like none that was recorded, and have the shape of some; Other those
	// that have not. Refused had neither, and were not answered.
	Near    int `json:"near"`
	Other   int `json:"other"`
	Refused int `json:"refused"`
}

// Times is something, and how often.
type Times struct {
	What  string `json:"what"`
	Times int    `json:"times"`
}

// maxTold bounds what is told apart of what is unknown, and of trouble.
const maxTold = 1000

// tally counts what is in a Report.
type tally struct {
	connections, strangers int
	states                 map[*state]*State
	unknowns, troubles     map[string]int
}

func (t *tally) init(k *Kernel) {
	t.states, t.unknowns, t.troubles = map[*state]*State{}, map[string]int{}, map[string]int{}
	for _, s := range k.states {
		t.states[s] = &State{Name: s.name, Recorded: len(s.takes)}
	}
}

func (t *tally) connected(known bool) {
	if t.connections++; !known {
		t.strangers++
	}
}

func (t *tally) asked(s *state, how int) {
	n := t.states[s]
	n.Asked++
	switch how {
	case nearOne:
		n.Near++
	case anyOne:
		n.Other++
	case noOne:
		n.Refused++
	}
}

func (t *tally) unknown(state string) { count(t.unknowns, state) }

func count(all map[string]int, what string) {
	if _, ok := all[what]; !ok && len(all) >= maxTold {
		what = "(others)"
	}
	all[what]++
}

// trouble notes that something could not be said, or got no answer.
func (m *Mock) trouble(s *said, err error) {
	text := err.Error()
	if msg, bad := message(s.c.by, s.image); bad == nil {
		text = msg.Event.Session + "/" + msg.Event.State + ": " + text
	}
	m.mu.Lock()
	count(m.found.troubles, text)
	m.mu.Unlock()
	m.manner.Logger.Warn("what was recorded did not come about", "error", text)
}

// NewReport tells what mocks of a recording were asked so far.
func NewReport(r *Recording, mocks ...*Mock) *Report {
	out := &Report{Schema: SchemaID, Left: r.Left, LeftOut: r.LeftOut, Kernels: []Played{}}
	for _, m := range mocks {
		out.Kernels = append(out.Kernels, m.Played())
	}
	return out
}

// Played tells what the mock was asked so far.
func (m *Mock) Played() Played {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := &m.found
	out := Played{Name: m.kernel.Name(), Connections: t.connections, Strangers: t.strangers,
		States: []State{}, Unknown: times(t.unknowns), Trouble: times(t.troubles)}
	for _, s := range t.states {
		out.States = append(out.States, *s)
	}
	slices.SortFunc(out.States, func(a, b State) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func times(all map[string]int) []Times {
	out := []Times{}
	for _, what := range slices.Sorted(maps.Keys(all)) {
		out = append(out, Times{what, all[what]})
	}
	return out
}

// Asked counts the requests that came, to states that were recorded.
func (p *Played) Asked() (n int) {
	for _, s := range p.States {
		n += s.Asked
	}
	return n
}

// Refused counts the requests that were not answered, since nothing like them was recorded.
func (p *Played) Refused() (n int) {
	for _, s := range p.States {
		n += s.Refused
	}
	return n + sum(p.Unknown)
}

func sum(list []Times) (n int) {
	for _, t := range list {
		n += t.Times
	}
	return n
}

// Counts is a line of how it stands.
func (p *Played) Counts() string {
	near, other := 0, 0
	for _, s := range p.States {
		near, other = near+s.Near, other+s.Other
	}
	return fmt.Sprintf("%s: connections %d, requests %d; params that were not recorded %d, not even their shape %d; refused %d; did not come about %d",
		p.Name, p.Connections, p.Asked()+sum(p.Unknown), near+other, other, p.Refused(), sum(p.Trouble))
}

// Asked counts the requests to all kernels.
func (r *Report) Asked() (n int) {
	for i := range r.Kernels {
		n += r.Kernels[i].Asked() + sum(r.Kernels[i].Unknown)
	}
	return n
}

// Missed counts what was not as in the recording: requests that were refused, and what did not come
// about.
func (r *Report) Missed() (n int) {
	for i := range r.Kernels {
		n += r.Kernels[i].Refused() + sum(r.Kernels[i].Trouble)
	}
	return n
}

// unlike counts the requests that were answered though their params were not recorded.
func (r *Report) unlike() (n int) {
	for _, k := range r.Kernels {
		for _, s := range k.States {
			n += s.Near + s.Other
		}
	}
	return n
}

// WriteJSON writes the report for programs.
func (r *Report) WriteJSON(w io.Writer) error { return visible.WriteJSON(w, "mock", r) }

// WriteText shows the report to people.
func (r *Report) WriteText(w io.Writer) error {
	r = visible.Copy(r)
	var b strings.Builder
	for i := range r.Kernels {
		p := &r.Kernels[i]
		for _, s := range p.States {
			fmt.Fprintf(&b, "%s: asked %d times, recorded %d%s\n", s.Name, s.Asked, s.Recorded, s.how())
		}
		for _, t := range p.Unknown {
			fmt.Fprintf(&b, "! %s is not in the recording: refused %d times\n", t.What, t.Times)
		}
		for _, t := range p.Trouble {
			fmt.Fprintf(&b, "! did not come about, %d times: %s\n", t.Times, t.What)
		}
		b.WriteString(p.Counts() + "\n")
	}
	for _, text := range r.missing() {
		fmt.Fprintf(&b, "! %s\n", text)
	}
	return visible.Print(w, b.String())
}

// how says how requests were not as recorded.
func (s *State) how() string {
	var b strings.Builder
	for _, n := range []struct {
		n    int
		text string
	}{{s.Near, "by the shape of params only"}, {s.Other, "unlike all recorded"}, {s.Refused, "refused"}} {
		if n.n > 0 {
			fmt.Fprintf(&b, "; %s %d", n.text, n.n)
		}
	}
	return b.String()
}

// missing says what of the recording was not played.
func (r *Report) missing() (out []string) {
	if r.Left > 0 {
		out = append(out, fmt.Sprintf("connections of the capture that cannot be played, since their start or octets are missing: %d", r.Left))
	}
	if r.LeftOut > 0 {
		out = append(out, fmt.Sprintf("messages of the capture for which there was no room: %d", r.LeftOut))
	}
	return out
}
