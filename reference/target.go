package ikc

import (
	"strings"
	"sync/atomic"

	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// parseTarget reads the specifier of a state. It goes out as it was given, a string, as in the
// original.
func parseTarget(to string) (wire.Address, error) {
	if !strings.HasPrefix(to, "poe:") {
		to = "poe://" + to
	}
	a := wire.AtString(to)
	if a.Err == nil && a.State == "" {
		a.Err = &specifier.Error{Input: to, Offset: len(to), Expected: "a state"}
	}
	return a, a.Err
}

// targets are specifiers that were sent to of late: a program sends to few, and to each often.
type targets [8]atomic.Pointer[target]

type target struct {
	given   string
	address wire.Address
}

// longTarget is the length, in octets, from which a specifier is not kept.
const longTarget = 256

// parse is parseTarget.
func (t *targets) parse(to string) (*wire.Address, error) {
	if to == "" || len(to) >= longTarget {
		a, err := parseTarget(to)
		return &a, err
	}
	slot := &t[(len(to)^int(to[len(to)-1]))%len(t)]
	if kept := slot.Load(); kept != nil && kept.given == to {
		return &kept.address, nil
	}
	given := strings.Clone(to) // which may be part of something large
	a, err := parseTarget(given)
	if err != nil {
		return &a, err
	}
	kept := &target{given, a}
	slot.Store(kept)
	return &kept.address, nil
}
