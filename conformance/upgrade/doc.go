// Package upgrade says what an upgrade breaks, for whom: from one target to another, be it a
// release of POE::Component::IKC, a Perl, or the original that is replaced by something else.
//
// Both are tried in all cells, what they say is compared, and each plays with the other, since a
// cluster is never upgraded at once. What differs is told in the words of those who write programs,
// the worst first.
package upgrade
