package compare

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"maps"
	"slices"
	"sync"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// partAnswer is the part of which a Learner knows what may differ.
const partAnswer = "answer"

// What is kept to learn from: requests whose answers are kept, twice as many in all; octets of a
// request and its answer; places; states whose share is counted.
const (
	maxLike      = 2048
	maxLikeImage = 16 << 10
	maxLearned   = 4096
	maxShares    = 4096
)

// rare is how many requests of a state that are all different it takes until fewer of them are
// looked at: a quarter, then a sixteenth and so on. Which, their octets decide, so that of what is
// the same all or nothing is looked at.
const (
	rare      = 512
	leastPart = 1 << 10
)

// Learner finds what differs in what one program says: in its answers to requests that are alike.
// Add is for one goroutine, what a Tally asks may be asked by others meanwhile.
type Learner struct {
	seed  maphash.Seed
	now   likes
	older likes // those before: what is met again is taken over from them
	share map[string]*share
	by    Codec
	said  wire.Message // what by has read last
	who   asked

	mu     sync.Mutex
	places map[string]*learned // by state and path
}

// asked is the program that was asked last: that of a negotiation, on one side of it.
type asked struct {
	in   *dialogue.Negotiation
	side wire.Role
	name string
}

// likes are requests, and what was answered to them first.
type likes struct {
	like  map[uint64]uint64 // what requests are like, by their octets
	first map[uint64][]byte // the octets of the first answer to what is alike
}

// share is what part of the requests of a state is looked at.
type share struct {
	part uint64 // one of so many
	new  int    // of those looked at, how many were like no other, since part was changed
}

// learned is a place that differs.
type learned struct {
	state, path string
	types       map[string]bool // what was seen there, "" for nothing
}

// Learned is a place that differs in what one program says.
type Learned struct {
	State string `json:"state"`
	Path  string `json:"path"` // in the answer; [*] is any element
	// Types are what was seen there: kinds of values, "nothing" if there was none.
	Types []string `json:"types"`
}

// NewLearner makes a Learner that knows nothing.
func NewLearner() *Learner {
	return &Learner{seed: maphash.MakeSeed(), now: newLikes(), share: map[string]*share{}, places: map[string]*learned{}}
}

func newLikes() likes { return likes{map[uint64]uint64{}, map[uint64][]byte{}} }

// Add learns from a request and its only answer, of which that is certain. What kernels of
// different names answer is not held against each other.
func (l *Learner) Add(n *dialogue.Negotiation, request, answer *dialogue.Message) {
	by := dialogue.SerializerOf(n.Serializer)
	if by == nil || request.Frame.Image == nil || len(answer.Frame.Image)+len(request.Frame.Image) > maxLikeImage {
		return
	}
	l.by.Serializer = by
	state := StateOf(request.To)
	if side := answer.Frame.From; l.who.in != n || l.who.side != side {
		l.who = asked{n, side, dialogue.ChosenName(n.Peers[side], n.Dialect)}
	}
	like, ok := l.like(l.who.name+"\x00"+state+"\x00", request)
	if !ok {
		return
	}
	octets := l.params(answer)
	first := l.first(like)
	switch {
	case octets == nil:
	case first == nil:
		l.now.first[like] = bytes.Clone(octets)
	case !bytes.Equal(first, octets):
		l.learn(state, first, answer.Params())
	}
}

// params are the octets of the params of a message, nil if there is no telling.
func (l *Learner) params(m *dialogue.Message) []byte {
	if err := l.by.Read(m.Frame.Image, &l.said); err != nil {
		return nil
	}
	return l.by.Params(l.said.Params)
}

// like is a number that requests have in common that are alike, whatever the order of their hashes.
// whose says to whom, and to which state.
func (l *Learner) like(whose string, m *dialogue.Message) (uint64, bool) {
	octets := l.params(m)
	if octets == nil {
		return 0, false
	}
	var h maphash.Hash
	h.SetSeed(l.seed)
	_, _ = h.WriteString(whose)
	_, _ = h.Write(octets)
	same := h.Sum64()
	s := l.shareOf(whose)
	if same%s.part != 0 {
		return 0, false
	}
	if like, ok := l.now.like[same]; ok {
		return like, true
	}
	like, ok := l.older.like[same]
	if !ok {
		h.Reset()
		_, _ = h.WriteString(whose + perl.Format(m.Params(), perl.FormatOptions{SortKeys: true}))
		like = h.Sum64()
		if s.new++; s.new == rare {
			s.part, s.new = min(4*s.part, leastPart), 0
		}
	}
	if len(l.now.like) >= maxLike {
		l.older, l.now = l.now, newLikes()
	}
	l.now.like[same] = like
	return like, true
}

// shareOf is the share of a state; of those beyond the bound there is one for all.
func (l *Learner) shareOf(whose string) *share {
	if l.share[whose] == nil && len(l.share) >= maxShares {
		whose = ""
	}
	s := l.share[whose]
	if s == nil {
		s = &share{part: 1}
		l.share[whose] = s
	}
	return s
}

// first is the first answer to what is alike, nil if there was none.
func (l *Learner) first(like uint64) []byte {
	first := l.now.first[like]
	if first == nil {
		if first = l.older.first[like]; first != nil {
			l.now.first[like] = first
		}
	}
	return first
}

// learn notes where an answer is not as the first was.
func (l *Learner) learn(state string, first []byte, answer *perl.Value) {
	v, err := l.by.Thaw(first)
	if err != nil {
		return
	}
	list := Values(v.Target().Get("params"), answer, "")
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range list {
		path := AnyElement(d.Path)
		place := l.places[state+" "+path]
		if place == nil {
			if len(l.places) >= maxLearned {
				return
			}
			place = &learned{state, path, map[string]bool{}}
			l.places[state+" "+path] = place
		}
		place.types[d.TypeA], place.types[d.TypeB] = true, true
	}
}

// knows tells whether a difference is of the kind that was learned.
func (l *Learner) knows(state, path, is string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	place := l.places[state+" "+path]
	return place != nil && place.types[is]
}

// list is what was learned; a nil Learner has nothing.
func (l *Learner) list() []Learned {
	out := []Learned{}
	if l == nil {
		return out
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, place := range l.places {
		types := slices.Sorted(maps.Keys(place.types))
		for i, name := range types {
			types[i] = cmp.Or(name, "nothing")
		}
		out = append(out, Learned{State: place.state, Path: place.path, Types: types})
	}
	slices.SortFunc(out, func(a, b Learned) int { return cmp.Or(cmp.Compare(a.State, b.State), cmp.Compare(a.Path, b.Path)) })
	return out
}
