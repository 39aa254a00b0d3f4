package replay

import (
	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// values compares what is not octet by octet the same.
func (c *client) values(s *step, old *wire.Message, came came) {
	rename(came.m.Params, came.image, c.conn.Peer.ID, c.old.ID)
	a, b := old.Params, came.m.Params
	if old.IsError {
		a, b = perl.NewBytes(wire.ParseRemoteError(a).Message), perl.NewBytes(wire.ParseRemoteError(b).Message)
	}
	if x, y, ok := arguments(old, came.m); ok {
		a, b = x, y
	}
	var octets func(path string) *compare.Octets
	if !old.IsError {
		octets = func(path string) *compare.Octets { return firstOctets(s.image, came.image, path) }
	}
	about := c.about(s)
	about.Numbers = dialogue.NumbersMayBeStrings(s.image) || dialogue.NumbersMayBeStrings(came.image)
	c.p.Values(about, a, b, s.at, came.at, octets)
}

// arguments are what a state is given by two messages of which only one is by way of a proxy: a
// program cannot tell. ok is false if both are, or none.
func arguments(old, got *wire.Message) (a, b *perl.Value, ok bool) {
	_, was, by := old.Proxied()
	_, is, now := got.Proxied()
	if by == now {
		return nil, nil, false
	}
	if !by {
		was = []*perl.Value{old.Params}
	}
	if !now {
		is = []*perl.Value{got.Params}
	}
	if len(was) == 1 && len(is) == 1 {
		return was[0], is[0], true
	}
	return perl.ArrayRef(was...), perl.ArrayRef(is...), true
}
