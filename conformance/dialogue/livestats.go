package dialogue

import "time"

// NewLiveStats makes Stats of what a filter keeps of a capture that grows; the filter may be nil.
// What is known only later is not counted: connections that are not IKC, the times of negotiations,
// and which of the Ambiguous got no answer. See Item.
func NewLiveStats(filter *Filter) *Stats {
	s := NewStats(filter)
	s.Live = true
	return s
}

// Item counts a line or frame of a capture that grows when it is there, as Options.Observe has it.
func (s *Stats) Item(c *Connection, item Item) error {
	if c.Control != nil || !c.IsIKC {
		return nil
	}
	if len(c.Items) == 1 && s.filter.connection(c) {
		s.Connections++
	}
	if !s.filter.Keep(c, item) {
		return nil
	}
	s.item(item)
	if f, ok := item.(*Frame); ok && f.Message != nil {
		s.message(f.Message)
	}
	return nil
}

func (s *Stats) message(m *Message) {
	x, r := m.Exchange, m.Relation
	switch {
	case r != nil && r.Kind == Response:
		took, atLeast := r.Took(m)
		s.reply(r.Request).take(took, !atLeast)
	case m.Kind == Answer && x != nil:
		took, atLeast, ok := m.Took()
		s.reply(x.Request).take(took, ok && !atLeast)
	case m.Kind == ErrorReport && x != nil:
		st := s.reply(x.Request)
		st.Errors++
		st.close()
	case x == nil || x.Request != m:
	case x.Request.IsCall():
		st := s.state(m)
		st.Calls++
		st.Unanswered++
	case x.asks:
		st := s.state(m)
		st.Requests++
		st.Unanswered++
	default:
		s.state(m).Posts++
	}
}

// reply is what is counted of the state of a request that something has come back for.
func (s *Stats) reply(request *Message) *StateStats {
	st := s.state(request)
	if x := request.Exchange; x != nil && x.askedLate {
		x.own().askedLate = false
		st.Posts--
		st.Requests++
		st.Unanswered++
	}
	return st
}

// close counts one as open no more; one call may get several answers.
func (st *StateStats) close() { st.Unanswered = max(st.Unanswered-1, 0) }

// take counts what came back for a request, which took so long if that is sure.
func (st *StateStats) take(took time.Duration, sure bool) {
	st.close()
	if !sure {
		st.Ambiguous++
		return
	}
	st.answer(took)
}
