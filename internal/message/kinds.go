package message

import "github.com/perl-ikc/ikc-conform/reference/perl"

// Kinds is a set of kinds of perl.Value. The zero Kinds is empty.
type Kinds uint32

// Has tells whether k is in the set.
func (s Kinds) Has(k perl.Kind) bool { return s&(1<<k) != 0 }

// Add puts k into the set.
func (s *Kinds) Add(k perl.Kind) { *s |= 1 << k }
