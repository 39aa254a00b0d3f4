// Package compare has what comparisons of implementations share: the first place, and the first
// octet, at which two images differ; all places at which two values do; the shapes of values; and
// what may differ.
//
// Paths are written as message{'params'}[2]; references have none of their own.
package compare
