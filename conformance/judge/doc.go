// Package judge decides what a capture says of an implementation of IKC.
//
// A [Check] is one requirement: who is bound by it, where it comes from, and a [Predicate] that
// looks at connections. [File] and [Capture] show the connections of a capture to the predicates of
// checks, for one side or both, and give a [Verdict] for each check. The judge sees nothing but the
// capture, so traffic that the harness has just provoked and traffic recorded in somebody's network
// are judged by the same code.
//
// What a capture lacks is never held against anybody: each violation says on what it rests, and
// those that a loss may explain are none (support.go). What passes in an incomplete capture is
// [Seen], not [Pass].
//
// The package knows no check. Those of this project are in package checks; anybody can write others
// with the constructors of predicates (those that begin with On) and the methods of [Trial], see
// the example. The judge links neither the kernel that it judges nor the harness.
package judge
