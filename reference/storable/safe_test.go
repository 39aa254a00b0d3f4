//go:build ikc_nounsafe

package storable

// shares tells that a Decoder with Alias makes strings that are parts of the image.
const shares = false
