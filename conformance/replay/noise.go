package replay

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"maps"
	"slices"
	"sync"

	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// What is kept to learn from.
const (
	maxLike      = 4096 // requests whose answers are kept
	maxLikeImage = 16 << 10
	maxLearned   = 4096 // places
)

// learner finds what differs in the recording itself: in answers to requests that are alike. It is
// told by the goroutine that reads the capture, and asked by those that play.
type learner struct {
	seed  maphash.Seed
	likes map[uint64]uint64 // requests by their octets: what they are like
	first map[uint64][]byte // the octets of the first answer to what is alike
	by    codec

	mu     sync.Mutex
	places map[string]*learned // by state and path
}

// learned is a place that differs in the recording itself.
type learned struct {
	state, path string
	types       map[string]bool // what was seen there, "" for nothing
}

func newLearner() *learner {
	return &learner{seed: maphash.MakeSeed(), likes: map[uint64]uint64{}, first: map[uint64][]byte{}, places: map[string]*learned{}}
}

// add learns from an exchange.
func (l *learner) add(name string, x *dialogue.Exchange) {
	if x.Outcome() != dialogue.Replied || len(x.Answers) != 1 || len(x.Answers[0].Frame.Image)+len(x.Request.Frame.Image) > maxLikeImage {
		return
	}
	if l.by.Serializer = dialogue.SerializerOf(name); l.by.Serializer == nil {
		return
	}
	to := x.Request.To
	state := to.Session + "/" + to.State
	like, ok := l.like(state, x.Request)
	if !ok {
		return
	}
	answer := l.params(x.Answers[0])
	first, ok := l.first[like]
	switch {
	case answer == nil:
	case !ok && len(l.first) < maxLike:
		l.first[like] = bytes.Clone(answer)
	case ok && !bytes.Equal(first, answer):
		l.learn(state, first, x.Answers[0].Params())
	}
}

// params are the octets of the params of a message, nil if there is no telling.
func (l *learner) params(m *dialogue.Message) []byte {
	var own wire.Message
	if err := l.by.read(m.Frame.Image, &own); err != nil {
		return nil
	}
	return l.by.octets(own.Params)
}

// like is a number that requests have in common that are alike, whatever the order of their hashes.
func (l *learner) like(state string, m *dialogue.Message) (uint64, bool) {
	octets := l.params(m)
	if octets == nil {
		return 0, false
	}
	var h maphash.Hash
	h.SetSeed(l.seed)
	_, _ = h.WriteString(state + "\x00")
	_, _ = h.Write(octets)
	same := h.Sum64()
	if like, ok := l.likes[same]; ok {
		return like, true
	}
	if len(l.likes) >= maxLike {
		return 0, false
	}
	h.Reset()
	_, _ = h.WriteString(state + "\x00" + perl.Format(m.Params(), perl.FormatOptions{SortKeys: true}))
	like := h.Sum64()
	l.likes[same] = like
	return like, true
}

// learn notes where an answer is not as the first was.
func (l *learner) learn(state string, first []byte, answer *perl.Value) {
	v, err := l.by.Thaw(first)
	if err != nil {
		return
	}
	list := compare.Values(v.Target().Get("params"), answer, "")
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range list {
		path := compare.AnyElement(d.Path)
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

// knows tells whether a difference is of the kind that the recording has itself.
func (l *learner) knows(state, path, is string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	place := l.places[state+" "+path]
	return place != nil && place.types[is]
}

// list is what was learned.
func (l *learner) list() (out []*Learned) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, place := range l.places {
		types := slices.Sorted(maps.Keys(place.types))
		for i, name := range types {
			types[i] = cmp.Or(name, "nothing")
		}
		out = append(out, &Learned{State: place.state, Path: place.path, Types: types})
	}
	slices.SortFunc(out, func(a, b *Learned) int { return cmp.Or(cmp.Compare(a.State, b.State), cmp.Compare(a.Path, b.Path)) })
	return out
}
