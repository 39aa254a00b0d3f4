package model

import "fmt"

// The session of a run has these states in every kernel. Nothing is published to begin with, but
// for syncState.
var scripted = []string{"echo", "quiet", "undefined", "other"}

const (
	// answerState is the rsvp of all calls. It is never published: only calls permit posts to it.
	answerState = "answer"
	// syncState is always published, and synchronises: calls are handled in order.
	syncState = "sync"
	// syncedState is the rsvp of those calls.
	syncedState = "synced"
)

// answers tells what a state returns when it is called: its argument, or nothing.
func answers(state string) bool { return state == "echo" || state == "other" }

// seen is one run of a state in a kernel.
type seen struct {
	kernel int
	state  string
	value  string
}

func (s seen) String() string { return fmt.Sprintf("%s(%s) in kernel %d", s.state, s.value, s.kernel) }

// world is the model: what is connected, published and subscribed.
type world struct {
	connected  []bool            // clients
	ever       []bool            // clients that were: there is no kernel before
	published  []map[string]bool // by kernel
	subscribed map[[2]int]map[string]bool
}

func newWorld(kernels int) *world {
	w := &world{connected: make([]bool, kernels), ever: make([]bool, kernels), subscribed: map[[2]int]map[string]bool{}}
	for range kernels {
		w.published = append(w.published, map[string]bool{syncState: true})
	}
	return w
}

// client is the client of a step.
func (s Step) client() int { return max(s.From, s.To) }

// possible tells whether a step makes sense now. A step that does not is left out, so that any part
// of a sequence is one as well.
func (w *world) possible(s Step) bool {
	switch s.Op {
	case Connect:
		return !w.connected[s.From]
	case Publish, Retract:
		return s.From == 0 || w.ever[s.From]
	case Unsubscribe:
		return w.connected[s.client()] && w.subscribed[[2]int{s.From, s.To}][s.State]
	case ProxyPost:
		return w.connected[s.client()] && len(w.subscribed[[2]int{s.From, s.To}]) > 0
	case Subscribe:
		return w.connected[s.client()] && !w.subscribed[[2]int{s.From, s.To}][s.State]
	}
	return w.connected[s.client()]
}

// do changes the world by a step and tells what must be seen of it; accepted is whether a
// subscription is.
func (w *world) do(s Step) (events []seen, accepted bool) {
	pair := [2]int{s.From, s.To}
	value := fmt.Sprint(s.Value)
	switch s.Op {
	case Connect:
		w.connected[s.From], w.ever[s.From] = true, true
	case Disconnect:
		w.connected[s.From] = false
		delete(w.subscribed, [2]int{s.From, 0})
		delete(w.subscribed, [2]int{0, s.From})
	case Publish:
		w.published[s.From][s.State] = true
	case Retract:
		delete(w.published[s.From], s.State)
	case Post, ProxyPost:
		if w.published[s.To][s.State] {
			events = append(events, seen{s.To, s.State, value})
		}
	case Call:
		if w.published[s.To][s.State] {
			events = append(events, seen{s.To, s.State, value})
			if answers(s.State) {
				events = append(events, seen{s.From, answerState, value})
			}
		}
	case Subscribe:
		if accepted = s.State == "" || w.published[s.To][s.State]; accepted {
			if w.subscribed[pair] == nil {
				w.subscribed[pair] = map[string]bool{}
			}
			w.subscribed[pair][s.State] = true
		}
	case Unsubscribe:
		delete(w.subscribed[pair], s.State)
	}
	return events, accepted
}
