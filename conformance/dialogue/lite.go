package dialogue

// liteSession is the session that a ClientLite says it is.
const liteSession = "IKCLite"

// WithLite tells whether a ClientLite sent the message, or somebody sent it to one.
// Up to 0.2102 a ClientLite does not say from.
func (m *Message) WithLite() bool {
	return m.To.Session == liteSession || m.From.Session == liteSession || m.RSVP.Session == liteSession || m.IsLitePing()
}

// IsLitePing tells whether the message is what the method ping of a ClientLite sends: it has no from.
// Source: ClientLite ping.
func (m *Message) IsLitePing() bool { return m.RSVP.Session == "IKC" && m.RSVP.State == "pong" }
