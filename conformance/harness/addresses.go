package harness

import (
	"context"
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// nearly are names that are not another, but in other letters or its beginning.
var nearly = []struct{ session, state string }{
	{"ikc", wire.StatePing}, {"IK", wire.StatePing}, {wire.SessionIKC, "PING"}, {wire.SessionIKC, "pin"},
	{"IKC-CONFORM", contract.EchoState}, {"ikc-conf", contract.EchoState},
	{contract.SessionAlias, "ECHO"}, {contract.SessionAlias, "ech"},
}

// addressScenarios are about the names by which kernels, sessions and states are addressed.
func addressScenarios() []scenario {
	x := perl.NewBytes("x")
	return []scenario{
		{
			name: "every name of the kernel", risk: safe,
			run: func(ctx context.Context, p *prober) error {
				return p.talk(ctx, p.config(), func(c *probe.Conn) (m []*wire.Message) {
					for _, kernel := range slices.Concat([]string{c.Peer.ID}, c.Peer.Aliases) {
						m = append(m, c.Call(kernel, wire.SessionIKC, wire.StatePing, perl.NewBytes(wire.Ping)),
							c.Call(kernel, contract.AbsentSession, "state", x), c.Post(kernel, contract.AbsentSession, "state", x))
					}
					return m
				})
			},
		},
		{
			name: "names that are nearly right", risk: safe,
			run: func(ctx context.Context, p *prober) error {
				return p.talk(ctx, p.config(), func(c *probe.Conn) (m []*wire.Message) {
					for _, to := range nearly {
						if to.session == contract.SessionAlias && !p.session {
							continue
						}
						asked := wire.At(specifier.Specifier{Kernel: c.Peer.ID, Session: to.session, State: to.state})
						m = append(m, c.Call("", wire.SessionIKC, wire.StateHave, perl.ArrayRef(asked.ToValue(), perl.NewBytes(c.Peer.ID))))
						if to.session == wire.SessionIKC || p.session { // in a server in use it may be somebody's
							m = append(m, c.Call("", to.session, to.state, x))
						}
					}
					return m
				})
			},
		},
	}
}
