// Package release tells which releases of POE::Component::IKC can have said what one side of a
// connection said, and the Storable of which Perls.
//
// A [Print] watches a connection for facts: things that some releases do and others do not, each
// with its source in the module (facts.go). What a side said leaves a set of releases; each fact
// narrows it, and facts that exclude each other leave none: then it is not POE::Component::IKC.
// [Peers] puts together what several connections of one kernel show.
//
// That a set is not empty proves no identity: it says that these releases do the same, and that
// nothing was seen which they do not do. Another implementation may do so too.
package release
