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

// target is a specifier as it was given, and what it says.
type target struct {
	wire.Address
	given string
	via   atomic.Pointer[Channel] // where it leads, nil if that is not known; set while the kernel's mu is locked
}

// longTarget is the length, in octets, from which a specifier is not kept.
const longTarget = 256

// parse is parseTarget.
func (t *targets) parse(to string) (*target, error) {
	if to == "" || len(to) >= longTarget {
		a, err := parseTarget(to)
		return &target{Address: a}, err
	}
	slot := &t[(len(to)^int(to[len(to)-1]))%len(t)]
	if kept := slot.Load(); kept != nil && kept.given == to {
		return kept, nil
	}
	given := strings.Clone(to) // which may be part of something large
	a, err := parseTarget(given)
	if err != nil {
		return nil, err
	}
	kept := &target{Address: a, given: given}
	slot.Store(kept)
	return kept, nil
}

// forget has it not known any more where they lead. The kernel's mu is locked.
func (t *targets) forget() {
	for i := range t {
		if kept := t[i].Load(); kept != nil && kept.via.Load() != nil {
			kept.via.Store(nil)
		}
	}
}
