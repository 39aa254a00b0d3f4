package ikc_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// What makes no sense is an error that names the field, not a default.
func TestBadConfig(t *testing.T) {
	for want, cfg := range map[string]ikc.Config{
		"Name":             {Name: "a b"},
		"ID":               {ID: "a/b"},
		"Aliases":          {Aliases: []string{"good", ""}},
		"Dialect":          {Dialect: 7},
		"Serializers":      {Serializers: []wire.Serializer{nil}},
		"more than once":   {Serializers: []wire.Serializer{storable.Serializer{}, storable.Serializer{}}},
		"HandshakeTimeout": {HandshakeTimeout: -1},
		"IdleTimeout":      {IdleTimeout: -time.Second},
		"MaxConnections":   {MaxConnections: -1},
		"MaxFrame":         {MaxFrame: -1},
		"MaxQueue":         {MaxQueue: -1},
		"MaxMemory":        {MaxMemory: -1},
		"Headroom":         {Headroom: ikc.MaxHeadroom + 1},
	} {
		if _, err := ikc.New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, expected an error about %s", err, want)
		}
	}
}

// A kernel keeps no slice that its maker may change.
func TestConfigIsCopied(t *testing.T) {
	aliases := []string{"Other"}
	server := kernel(t, ikc.Config{Name: "Server", Aliases: aliases})
	aliases[0] = "changed"
	client := kernel(t, ikc.Config{Name: "Client"})
	c := dial(t, client, serve(t, server))
	if got := c.Peer().Aliases; !slices.Contains(got, "Other") {
		t.Errorf("aliases of the server: got %q, expected Other among them", got)
	}
}
