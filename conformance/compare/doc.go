// Package compare has what comparisons of implementations share: the first place, and the first
// octet, at which two images differ; all places at which two values do; the shapes of values; what
// may differ, as named or as learned; and the tally of what deviates, with its text and HTML.
//
// Paths are written as message{'params'}[2]; references have none of their own.
package compare
