// Package shown holds the checks that are decided by what a capture shows of the wire.
//
// Each function returns the checks of one area of ids, in the file of that area. Where a function
// is called More..., it continues its area: those checks stand later in the catalogue, whose order
// does not change.
package shown
