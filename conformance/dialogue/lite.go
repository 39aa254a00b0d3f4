package dialogue

import "github.com/perl-ikc/ikc-conform/reference/wire"

// WithLite tells whether a ClientLite sent the message, or somebody sent it to one.
// Up to 0.2102 a ClientLite does not say from.
func (m *Message) WithLite() bool {
	return m.To.Session == wire.SessionIKCLite || m.From.Session == wire.SessionIKCLite ||
		m.RSVP.Session == wire.SessionIKCLite || m.IsLitePing()
}

// IsLitePing tells whether the message is what the method ping of a ClientLite sends: it has no
// from. Source: ClientLite ping.
func (m *Message) IsLitePing() bool {
	return m.RSVP.Session == wire.SessionIKC && m.RSVP.State == wire.StatePong
}
