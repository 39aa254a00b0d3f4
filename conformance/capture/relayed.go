package capture

import (
	"fmt"
	"strings"
)

// A relay that ends a connection by itself says so in the comment of the packet, so that whoever
// reads the capture does not take the end for that of a peer. These are the beginnings of such
// comments; behind one may stand why.
const (
	// RelayUnreached: the connection was not passed on, since the target could not be reached or was
	// not called.
	RelayUnreached = "closed by the relay"
	// RelayCut: both sides were closed by the relay, and neither did it.
	RelayCut = "cut by the relay"
)

// A relay that keeps what a side says to itself, on purpose, says so in a comment: from which octet
// of that side on, and, if it passes that on later, when. These are the beginnings.
const (
	RelaySwallows = "blackhole by the relay"
	RelayHolds    = "stall by the relay"
	RelayGoesOn   = "what was held by the relay goes on"
)

// Withholding is such a comment: how is RelaySwallows or RelayHolds.
func Withholding(how string, from int64) string {
	what := "swallowed"
	if how == RelayHolds {
		what = "held"
	}
	return fmt.Sprintf("%s, as it was told: from octet %d on what this side says is %s", how, from, what)
}

// ReadWithholding reads it. ok is false if it is no such comment.
func ReadWithholding(comment string) (how string, from int64, ok bool) {
	for _, how := range []string{RelaySwallows, RelayHolds} {
		if rest, is := strings.CutPrefix(comment, how+", as it was told: from octet "); is {
			_, err := fmt.Sscan(rest, &from)
			return how, from, err == nil
		}
	}
	return "", 0, false
}

// Relayed gives those of the comments of a packet, as events have them, that a relay makes of what
// it does, without why.
func Relayed(comment string) (out []string) {
	for line := range strings.Lines(comment) {
		line = strings.TrimSuffix(line, "\n")
		for _, own := range []string{RelayUnreached, RelayCut, RelayGoesOn} {
			if strings.HasPrefix(line, own) {
				out = append(out, own)
			}
		}
		if how, from, ok := ReadWithholding(line); ok {
			out = append(out, Withholding(how, from))
		}
	}
	return out
}

// Unreached tells whether a relay closed the connection because it had not passed it on. What the
// client said was said to nobody.
func (c *Closed) Unreached() bool { return strings.HasPrefix(c.Comment, RelayUnreached) }

// CutByRelay tells whether a relay cut the connection, so that neither side closed it.
func (c *Closed) CutByRelay() bool { return strings.HasPrefix(c.Comment, RelayCut) }
