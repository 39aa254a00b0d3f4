package diff

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// What is kept of a summary. What is beyond is counted together.
const (
	maxStates  = 4096
	maxTexts   = 64   // of one state and kind: shapes, error reports
	maxStories = 256  // orders of requests
	maxStory   = 32   // requests of one connection whose order is kept
	maxTook    = 4096 // times of one state: a sample
	further    = "(further ones)"
)

// Summary is what one set of captures shows. Make it with NewSummary.
type Summary struct {
	name         string
	noise        *compare.Noise
	connections  int
	notIKC       int
	requests     int
	incomplete   int // connections of which something is missing
	negotiations texts
	states       map[subject]*state
	stories      texts
	open         map[*dialogue.Connection]*course
	moreStates   bool
}

// texts counts texts that say the same.
type texts map[string]int

func (t texts) add(text string, most int) {
	if _, ok := t[text]; !ok && len(t) >= most {
		text = further
	}
	t[text]++
}

// subject is what requests are for: a state of the kernel of one side.
type subject struct {
	of             wire.Role
	session, state string
}

func (s subject) String() string { return s.session + "/" + s.state }

// course is how a connection went so far.
type course struct {
	story    [2][]string // what each side asked for first, by wire.Role
	answered [2]int      // by wire.Role of who asks: the last frame that answered an earlier request
}

// NewSummary begins the summary of captures that are called name. noise says what may differ.
func NewSummary(name string, noise *compare.Noise) *Summary {
	return &Summary{name: name, noise: noise, negotiations: texts{}, states: map[subject]*state{}, stories: texts{},
		open: map[*dialogue.Connection]*course{}}
}

// Read adds the conversations of a capture. The error is that of the capture.
func (s *Summary) Read(events dialogue.Source) error {
	return dialogue.ReadParts(events, dialogue.Options{Related: true}, dialogue.Window{}, s.part)
}

func (s *Summary) part(p *dialogue.Part) {
	c := p.Connection
	if c.Control != nil {
		return
	}
	if p.First {
		s.open[c] = new(course)
	}
	course := s.open[c]
	if c.IsIKC {
		for _, x := range p.Begun {
			course.tell(x)
		}
		for _, x := range p.Exchanges {
			s.exchange(c, course, x)
		}
	}
	if p.Last {
		s.end(c, course)
		delete(s.open, c)
	}
}

// end counts a connection that is over.
func (s *Summary) end(c *dialogue.Connection, course *course) {
	if !c.IsIKC {
		s.notIKC++
		return
	}
	s.connections++
	if c.Gaps || c.Joined || c.Cut || c.Doubtful {
		s.incomplete++
	}
	if !c.Joined {
		s.negotiations.add(negotiated(c), maxTexts)
	}
	for side, story := range course.story {
		if len(story) > 1 {
			s.stories.add(wire.Role(side).String()+": "+strings.Join(story, ", "), maxStories)
		}
	}
}

// tell notes what a side asks for, the first time that it does.
func (c *course) tell(x *dialogue.Exchange) {
	if ofOther(x) {
		return
	}
	from, name := x.Request.Frame.From, subjectOf(x.Request).String()
	if len(c.story[from]) < maxStory && !slices.Contains(c.story[from], name) {
		c.story[from] = append(c.story[from], name)
	}
}

// ofOther tells whether a request is what another one got.
func ofOther(x *dialogue.Exchange) bool {
	r := x.Request.Relation
	return r != nil && r.Kind == dialogue.Response
}

func subjectOf(m *dialogue.Message) subject {
	return subject{m.Frame.From.Other(), m.To.Session, m.To.State}
}

func (s *Summary) exchange(c *dialogue.Connection, course *course, x *dialogue.Exchange) {
	if ofOther(x) {
		return
	}
	s.requests++
	about := subjectOf(x.Request)
	st := s.states[about]
	if st == nil && len(s.states) >= maxStates {
		s.moreStates, about = true, subject{about.of, "", further}
		st = s.states[about]
	}
	if st == nil {
		st = newState()
		s.states[about] = st
	}
	st.add(c, x, func(part string, v *perl.Value) string {
		return compare.Shape(v, func(steps []string) bool { return s.noise.Allows(about.session, about.state, part, steps) })
	}, s.noise.Allows(about.session, about.state, "error", nil))
	if at, from := repliedAt(x), x.Request.Frame.From; at > 0 {
		if at < course.answered[from] {
			st.overtook++
		}
		course.answered[from] = max(course.answered[from], at)
	}
}

// repliedAt is the frame that answered a call, 0 if that is not known.
func repliedAt(x *dialogue.Exchange) int {
	if x.Outcome() != dialogue.Replied || len(x.Answers) == 0 {
		return 0
	}
	return x.Answers[0].Frame.Number
}

// unique is what is another every time in names and in texts of errors.
var (
	uniqueName = regexp.MustCompile(`[0-9a-f]*[0-9][0-9a-f]*`)
	address    = regexp.MustCompile(`0x[0-9a-f]+|\d+`)
	place      = regexp.MustCompile(` at \S+ line \d+`)
)

// negotiated says what a connection agreed on, with the names of both sides.
func negotiated(c *dialogue.Connection) string {
	n := c.Negotiation
	if !n.Complete {
		return incomplete
	}
	text := n.Dialect.String()
	if n.Fallback {
		text += ", after SETUP was refused"
	}
	text += ", " + n.Serializer
	for _, side := range []wire.Role{wire.Server, wire.Client} {
		text += ", the " + side.String() + " is " + named(n.Peers[side])
	}
	return text
}

// incomplete is what stands for a negotiation that came to nothing.
const incomplete = "not completed"

// named is how a side calls itself, without what is of one process.
func named(p wire.Peer) string {
	names := map[string]bool{}
	for _, name := range p.Aliases {
		if !strings.Contains(name, ":") {
			names[name] = true
		}
	}
	if len(names) == 0 {
		names[uniqueName.ReplaceAllString(p.ID, "#")] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(names)), " ")
}

// reported is what an error report says, without what is of one process, time and file.
func reported(c *dialogue.Connection, m *dialogue.Message) string {
	e := wire.ParseRemoteError(m.Params())
	text := e.Message
	for _, side := range []wire.Role{wire.Server, wire.Client} {
		p := c.Negotiation.Peers[side]
		for _, name := range append([]string{p.ID}, p.Aliases...) {
			if name != "" && (name == p.ID && len(p.Aliases) > 0 || strings.Contains(name, ":")) {
				text = strings.ReplaceAll(text, name, "<"+side.String()+">")
			}
		}
	}
	text = address.ReplaceAllString(place.ReplaceAllString(text, " at FILE"), "#")
	const most = 500
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	return fmt.Sprintf("%s: %s", e.Operation, strings.TrimSpace(text))
}
