// Package wire is the protocol of IKC without any network: the negotiation of a connection in both
// dialects and both roles, the frames that follow it, and the messages in them. The kernel, the
// blocking client and the judge of recorded traffic share it.
//
// A connection starts with lines of text ([LineScanner], [Negotiator]). When both sides agree, each
// direction becomes a sequence of frames ([FrameScanner], [AppendFrame]); the image in a frame is
// one [Message], frozen by the [Serializer] that was negotiated.
//
// For one connection: make a Negotiator and have [Negotiate] run it, or do what that does: write
// what Start returns by [AppendLine], write what is read to a LineScanner, give its lines to
// Receive and write the replies, until Done. The FrameScanner that results is for what follows: its
// Next returns images for the Serializer's Thaw, and [ParseMessage] makes Messages of these.
//
// Nothing here is safe for concurrent use, but for Serializers. What a peer sent is bounded by
// DefaultMaxLine, DefaultMaxLines and DefaultMaxFrame, or the limits that are set instead. What a
// message takes of Go's heap may be 64 times its image: FrameScanner.MaxAlloc bounds it for each,
// and FrameScanner.Cost tells it, for those who keep accounts of all that they hold. Errors
// are told apart by errors.As: [LineTooLongError], [SetupError], [FrameError], [MessageError]; and
// by errors.Is: [ErrRefused].
//
// Sources are named by module and sub of POE::Component::IKC; unless a release is given, 0.1801 to
// 0.2402 agree.
package wire

// Dialect is a way to negotiate. The client chooses.
type Dialect uint8

const (
	// IKC0 exchanges one SETUP line each way. Since 0.2300; the default of both sides.
	IKC0 Dialect = iota
	// IKC negotiates line by line: HELLO, IAM, FREEZER, WORLD. Every release speaks it.
	IKC
)

// String is the name that the original's protocol parameter takes.
func (d Dialect) String() string {
	if d == IKC {
		return "IKC"
	}
	return "IKC0"
}

// Role is a side of a connection.
type Role uint8

const (
	// Client opened the connection and speaks first.
	Client Role = iota
	// Server accepted it.
	Server
)

// String is "client" or "server".
func (r Role) String() string {
	if r == Server {
		return "server"
	}
	return "client"
}

// Other is the opposite side.
func (r Role) Other() Role { return 1 - r }

// DefaultSerializer is used when a negotiation ends without having named one.
// Source: Channel _change_wheel.
const DefaultSerializer = "Storable"
