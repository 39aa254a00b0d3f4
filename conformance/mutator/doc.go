// Package mutator tests the catalogue of checks with mutations that nobody wrote for it. It has two
// conformant programs talk to each other, one of them the real POE::Component::IKC, and changes one
// thing of what the other says, chosen by a seed: a key of a message, a value, the order, the time,
// a line of the negotiation, octets. If that changes what real Perl is given or what it returns,
// the mutation matters, and a check is to notice.
//
// The package knows the framing of IKC and its serializers. It does not know the checks, and must
// not: they are given to it, to be tried.
package mutator
