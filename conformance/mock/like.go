package mock

import (
	"hash/maphash"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// seed is that of all hashes of requests of a process.
var seed = maphash.MakeSeed()

// What stands for the two kernels in params, whose ids are others each time.
const (
	ownID  = "\x00own"
	peerID = "\x00peer"
)

// asked is what a request is known by.
type asked struct {
	like uint64
	near string
}

// ask finds what a request is known by: its arguments, with what may differ left out, and whether
// a number is a string or not. The arguments are changed.
func ask(session, state string, call, byPost bool, args []*perl.Value, own, peer string, noise *compare.Noise) asked {
	if byPost && len(args) > 0 { // the specifier beside it is another each time
		args = []*perl.Value{args[0].Target().Elem(0)}
	}
	list := perl.NewArray()
	for _, v := range args {
		if v == nil {
			v = perl.NewUndef()
		}
		list.Append(v)
	}
	v := perl.NewRef(list)
	walk.Rename(v, own, ownID)
	walk.Rename(v, peer, peerID)
	allows := func(steps []string) bool { // the path of the first argument is that of params
		if len(steps) > 0 && steps[0] == "[0]" {
			steps = steps[1:]
		}
		return noise.Allows(session, state, "params", steps)
	}
	kind := "post"
	if call || byPost {
		kind = "call"
	}
	var h maphash.Hash
	h.SetSeed(seed)
	_, _ = h.WriteString(kind)
	details := compare.Details(v, "")
	for _, d := range details {
		if steps, err := compare.Steps(d.Path); err == nil && allows(steps) {
			continue
		}
		_, _ = h.WriteString("\x00" + d.Path + "\x00" + bare(d))
	}
	if details == nil { // too many
		_, _ = h.WriteString(perl.Format(v, perl.FormatOptions{SortKeys: true}))
	}
	return asked{like: h.Sum64(), near: kind + " " + scalars.Replace(compare.Shape(v, allows))}
}

// scalars are what Perl makes of each other, and other serializers than Storable do as well.
var scalars = strings.NewReplacer(perl.Int.String(), "scalar", perl.Uint.String(), "scalar", perl.Double.String(), "scalar",
	perl.Bytes.String(), "scalar", perl.Text.String(), "scalar")

// bare is what is at a place, whether a number is a string or not.
func bare(d compare.Detail) string {
	if scalars.Replace(d.Type) != "scalar" {
		return d.Text
	}
	return strings.Trim(strings.TrimPrefix(d.Text, d.Type+" "), `'"`)
}

// message thaws a recorded message anew.
func message(by wire.Serializer, image []byte) (*wire.Message, error) {
	v, err := by.Thaw(image)
	if err != nil {
		return nil, err
	}
	return wire.ParseMessage(v)
}

// arguments are those of a message, as a state gets them.
func arguments(m *wire.Message, to specifier.Specifier) []*perl.Value {
	args := []*perl.Value{m.Params}
	if _, list, ok := m.Proxied(); ok {
		args = list
	}
	if to.Arg != "" {
		args = append(args, perl.NewBytes(to.Arg))
	}
	return args
}

// back tells where the response to a post goes that asks for one, nil if it does not: its argument
// is [params, specifier].
func (s *state) back(call bool, args []*perl.Value) *perl.Value {
	if call || !s.byPost || len(args) == 0 {
		return nil
	}
	return args[0].Target().Elem(1)
}

// ask finds what a recorded request is known by.
func (s *state) ask(t *take, noise *compare.Noise) (asked, error) {
	m, err := message(t.c.by, t.image)
	if err != nil {
		return asked{}, err
	}
	args := arguments(m, t.to)
	return ask(t.to.Session, t.to.State, t.call, s.back(t.call, args) != nil, args, t.c.own.ID, t.c.peer.ID, noise), nil
}

// index sorts the requests of a state.
func (s *state) index(noise *compare.Noise) error {
	s.like, s.near, s.all = map[uint64]*rotation{}, map[string]*rotation{}, &rotation{}
	for _, t := range s.takes {
		known, err := s.ask(t, noise)
		if err != nil {
			return err
		}
		if s.like[known.like] == nil {
			s.like[known.like] = &rotation{}
		}
		if s.near[known.near] == nil {
			s.near[known.near] = &rotation{}
		}
		s.like[known.like].add(t)
		s.near[known.near].add(t)
		s.all.add(t)
	}
	return nil
}

// How a request is known.
const (
	likeOne = iota // its params are those of a recorded one
	nearOne        // its params have the shape of those of a recorded one
	anyOne         // its state was asked for
	noOne
)

// find finds the recorded request that stands for one, on a connection that stands for c.
func (s *state) find(known asked, c *connection, strict bool) (t *take, how int) {
	if t := s.like[known.like].take(c); t != nil || strict {
		if t == nil {
			how = noOne
		}
		return t, how
	}
	if t := s.near[known.near].take(c); t != nil {
		return t, nearOne
	}
	return s.all.take(c), anyOne
}
