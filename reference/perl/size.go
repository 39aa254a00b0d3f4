package perl

// What a [Slab] takes of Go's heap, in octets, for the limits of serializers; ValueSize beside
// them. Elements and pairs are counted with half of their size on top, for what is left of a chunk
// when the next container does not fit. So all of it is at most a quarter more than the sum of
// these, and 12 KiB for chunks that have just begun. It is less where numbers are small, which
// ValueSize does not know.
const (
	ElemSize = 8 + 8/2   // an element of an array, beside its Value
	PairSize = 32 + 32/2 // a pair of a hash, beside its Value and the octets of the key
	// RareSize is what a Value takes beside itself if it has a class, is a Regexp, a VString or a
	// Hooked, or is a Tied with a key or an index.
	RareSize = 64
)
