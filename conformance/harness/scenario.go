package harness

import (
	"context"
	"slices"
)

// risk is what a scenario may do to its target.
type risk uint8

const (
	// safe: what any well-behaved peer does. For every target.
	safe risk = iota
	// odd: what no peer should do, but the original survives. For targets that we started.
	odd
	// hostile: what ends a real Perl server. Only when asked for.
	hostile
)

// scenario is one of the two kinds of play: a probe, which sends exactly what it is told to,
// connects to the target. (The other kind is a conversation of two kernels, see conversation.go.)
//
// A scenario makes traffic that checks can decide on. What the target does wrong is found in the
// capture; run returns an error only when it cannot go on.
type scenario struct {
	name string
	risk risk
	// session: the target must have the conformance session.
	session bool
	// once: it takes time or many octets and no dialect changes it, so it is played in one of them.
	once bool
	run  func(ctx context.Context, p *prober) error
}

// scenarios are those for a server that are not hostile.
func scenarios() []scenario {
	return slices.Concat(responderScenarios(), addressScenarios(), manyScenarios(), negotiationScenarios())
}
