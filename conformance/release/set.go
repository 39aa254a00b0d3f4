package release

import (
	"fmt"
	"slices"
	"strings"
)

// Implementation is the name of what has the releases.
const Implementation = "POE::Component::IKC"

// releases are those of POE::Component::IKC, in order. 0.2300 and 0.2301 are not among them: they
// lack their module Protocol, so that nothing of them can be loaded. 0.13 to 0.18 were not tried
// as kernels, since they do not start with a POE of today; their ClientLite runs.
var releases = []string{
	"0.09", "0.12", "0.13", "0.14", "0.1501", "0.18", "0.1801", "0.1802", "0.1900", "0.1901", "0.1902", "0.1903", "0.1904",
	"0.2000", "0.2001", "0.2002", "0.2003", "0.2100", "0.2101", "0.2102", "0.2200", "0.2302", "0.2303", "0.2304", "0.2305",
	"0.2400", "0.2401", "0.2402",
}

// perls are the stable versions of Perl, in order.
var perls = []string{
	"5.6", "5.8", "5.10", "5.12", "5.14", "5.16", "5.18", "5.20", "5.22", "5.24", "5.26", "5.28", "5.30", "5.32", "5.34",
	"5.36", "5.38", "5.40", "5.42",
}

// Set is a set of releases, or of Perls.
type Set struct {
	of  []string // in order
	has uint32   // bits by index
}

// AllReleases are the releases that can be loaded at all.
func AllReleases() Set { return Set{releases, 1<<len(releases) - 1} }

// AllPerls are the Perls.
func AllPerls() Set { return Set{perls, 1<<len(perls) - 1} }

// Between is the part of a set from one member to another, both included; "" stands for the first
// or the last that there is. What is no member is an error of the program.
func (s Set) Between(from, to string) Set {
	first, last := 0, len(s.of)-1
	if from != "" {
		first = slices.Index(s.of, from)
	}
	if to != "" {
		last = slices.Index(s.of, to)
	}
	if first < 0 || last < first {
		return Set{of: s.of}
	}
	return s.And(Set{s.of, 1<<(last+1) - 1<<first})
}

// Where is the part of a set for whose members keep is true.
func (s Set) Where(keep func(name string) bool) Set {
	out := Set{of: s.of}
	for i, name := range s.of {
		if s.has>>i&1 == 1 && keep(name) {
			out.has |= 1 << i
		}
	}
	return out
}

// And is what is in both.
func (s Set) And(other Set) Set { return Set{s.of, s.has & other.has} }

// Within tells whether all of s is in other.
func (s Set) Within(other Set) bool { return s.has&^other.has == 0 }

// Empty tells whether nothing is in it.
func (s Set) Empty() bool { return s.has == 0 }

// Full tells whether all there is is in it.
func (s Set) Full() bool { return s.has == 1<<len(s.of)-1 }

// Has tells whether a member is in it.
func (s Set) Has(name string) bool {
	i := slices.Index(s.of, name)
	return i >= 0 && s.has>>i&1 == 1
}

// Names are the members, in order.
func (s Set) Names() []string {
	var out []string
	for i, name := range s.of {
		if s.has>>i&1 == 1 {
			out = append(out, name)
		}
	}
	return out
}

// orLater is String, but for a set that has all from one member to the last.
func (s Set) orLater() string {
	if names := s.Names(); len(names) > 0 && s.has == AllPerls().Between(names[0], "").has {
		return names[0] + " or later"
	}
	return s.String()
}

// String writes runs as people do: "0.1801 to 0.2102, 0.2302".
func (s Set) String() string {
	var runs []string
	for i := 0; i < len(s.of); i++ {
		if s.has>>i&1 == 0 {
			continue
		}
		first := i
		for i+1 < len(s.of) && s.has>>(i+1)&1 == 1 {
			i++
		}
		if first == i {
			runs = append(runs, s.of[i])
		} else {
			runs = append(runs, fmt.Sprintf("%s to %s", s.of[first], s.of[i]))
		}
	}
	return strings.Join(runs, ", ")
}
