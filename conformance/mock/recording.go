package mock

import (
	"time"

	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Recording is what there is to play of one side of a capture.
type Recording struct {
	// Kernels are those of the side, by the names that their programs chose, in the order in which
	// they connected or were connected to.
	Kernels []*Kernel
	// Left counts connections that cannot be played: their start, or octets, are not in the capture.
	Left int
	// LeftOut counts messages for which there was no room: see Options.MaxOctets.
	LeftOut int

	octets int
}

// DefaultMaxOctets is the default of Options.MaxOctets.
const DefaultMaxOctets = 128 << 20

// perMessage is what a message counts besides its image.
const perMessage = 512

// Kernel is a kernel that was recorded.
type Kernel struct {
	// Name is what its program called it. Aliases are more names, addresses not among them.
	Name    string
	Aliases []string
	// Lite: it is a ClientLite, which has no sessions.
	Lite bool
	// Dialect is the best that it took, and Serializers are those agreed on.
	Dialect     wire.Dialect
	Serializers []wire.Serializer
	// Requests counts what others posted to it and called, but for the session IKC.
	Requests int

	connections []*connection
	states      map[string]*state          // by SESSION/STATE
	published   map[string]map[string]bool // states by session
}

// connection is a connection of a Kernel.
type connection struct {
	own, peer wire.Peer
	name      string // of the peer
	lite      bool   // the peer is a ClientLite
	by        wire.Serializer
	opening   []*said // what follows the negotiation
}

// state is a state that was asked for, with the requests to it in their order.
type state struct {
	name    string // SESSION/STATE
	takes   []*take
	refused int  // of them, because it was not published
	byPost  bool // it was asked for answers by post, as ClientLite's post_respond does

	like map[uint64]*rotation // by what requests have in common that are alike
	near map[string]*rotation // by the shape of params
	all  *rotation
}

// take is a recorded request, and what the recorded side said because of it.
type take struct {
	c         *connection
	to        specifier.Specifier
	image     []byte
	call      bool // asks for an answer
	wantArray bool
	said      []*said
	answered  bool
}

// said is a message of the recorded side.
type said struct {
	c     *connection
	after time.Duration // since what it followed
	image []byte
	// reply is the request that it answers or reports on, nil for a post or call of its own.
	reply   *take
	isError bool
	call    *called // what is known of a call
	// subscribes: the call is a subscription.
	subscribes bool
}

// called is what followed the answer to a call of the recorded side.
type called struct {
	answered bool
	refused  bool // of a subscription
	then     []*said
}
