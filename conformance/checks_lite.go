package conformance

import (
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// askedAddress is what do_you_have was asked about.
type askedAddress = wire.Address

// ofLite tells whether a message is of a ClientLite: its from has no state.
func ofLite(m *dialogue.Message) bool { return m.From.Session == sourceLite && m.From.State == "" }
