package conformance

import (
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

func lastFrame(t *Trial) dialogue.Item {
	for i := len(t.Conn.Items) - 1; i >= 0; i-- {
		if t.Conn.Items[i].Sender() == t.Side {
			return t.Conn.Items[i]
		}
	}
	return nil
}

func serializerName(t *Trial) string {
	if n := t.Conn.Negotiation.Serializer; n != "" {
		return n
	}
	return wire.DefaultSerializer
}
