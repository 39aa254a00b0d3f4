package judge

import (
	"fmt"
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Level says how much a requirement weighs.
type Level uint8

// The levels.
const (
	Must   Level = iota // what interoperation depends on
	Should              // what POE::Component::IKC 0.2402 does, and others may rely on
	May                 // what is allowed and worth knowing
)

var levelNames = [...]string{"MUST", "SHOULD", "MAY"}

// String is MUST, SHOULD or MAY.
func (l Level) String() string { return levelNames[l] }

// MarshalText implements encoding.TextMarshaler: the form of String.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads what String writes, in upper or lower case.
func (l *Level) UnmarshalText(text []byte) error {
	for i, name := range levelNames {
		if strings.EqualFold(name, string(text)) {
			*l = Level(i)
			return nil
		}
	}
	return fmt.Errorf("expected must, should or may, got %q", text)
}

// Party says whom a check binds.
type Party uint8

// The parties.
const (
	TheServer    Party = iota // the side that accepted the connection
	TheClient                 // the side that opened it
	TheSender                 // whoever sends frames
	TheResponder              // whoever gets a request
	TheRequester              // whoever sends one
	TheKernel                 // whatever it is on the wire: what it does for those who use it
)

var partyNames = [...]string{"server", "client", "sender", "responder", "requester", "kernel"}

// String names the party as requirements do.
func (p Party) String() string { return partyNames[p] }

// UnmarshalText reads what String writes, in upper or lower case.
func (p *Party) UnmarshalText(text []byte) error {
	for i, name := range partyNames {
		if strings.EqualFold(name, string(text)) {
			*p = Party(i)
			return nil
		}
	}
	return fmt.Errorf("expected %s, got %q", strings.Join(partyNames[:], ", "), text)
}

// Binds tells whether a check for the party can be about a side.
func (p Party) Binds(side wire.Role) bool {
	switch p {
	case TheServer:
		return side == wire.Server
	case TheClient:
		return side == wire.Client
	}
	return true
}

// Check is one requirement.
type Check struct {
	// ID is stable and never used again for something else: AREA-nnn.
	ID    string
	Level Level
	Party Party
	// Requirement is one sentence.
	Requirement string
	// Source is where the requirement comes from: module and sub, and the release if not all agree.
	Source string
	// Rationale says why, where that is not obvious.
	Rationale string
	// Needs says what a capture must hold for the check to be decided.
	Needs string
	// Aftermath: it is about what a connection did to those after it. Then Judge is shown connections
	// when they have ended, in that order.
	Aftermath bool
	// Judge is shown connections on behalf of one side.
	Judge Predicate
}
