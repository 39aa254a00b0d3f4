package storable

import "github.com/perl-ikc/ikc-conform/reference/perl"

// Marshal freezes what perl.Marshal makes of a Go value. Since Storable freezes what a reference
// points at, x is something that becomes a reference, such as a struct, a map, a slice or a pointer
// to one; of a plain scalar, a reference to it is frozen. Errors are those of perl.Marshal and
// Freeze.
func Marshal(x any) ([]byte, error) { return defaultEncoder.Marshal(nil, x) }

// Unmarshal thaws an image and puts what it holds into the variable that target points at, like
// perl.Unmarshal. A scalar that is the root of the image fills a variable of a plain type. Errors
// are those of Thaw and perl.Unmarshal.
func Unmarshal(image []byte, target any) error { return defaultDecoder.Unmarshal(nil, image, target) }

// Marshal is like the function Marshal, with types, which may be nil, telling the classes of Go
// types.
func (enc *Encoder) Marshal(types *perl.Types, x any) ([]byte, error) {
	v, err := types.Marshal(x)
	if err != nil {
		return nil, err
	}
	if v.Kind() != perl.Ref {
		v = perl.NewRef(v)
	}
	return enc.Freeze(v)
}

// Unmarshal is like the function Unmarshal, with types, which may be nil, telling the Go types of
// classes.
func (dec *Decoder) Unmarshal(types *perl.Types, image []byte, target any) error {
	if types == nil && dec.unmarshalDirect(image, target) {
		return nil
	}
	v, err := dec.Thaw(image)
	if err != nil {
		return err
	}
	switch v.Target().Kind() {
	case perl.Array, perl.Hash, perl.Ref, perl.Code, perl.Regexp, perl.Tied, perl.Hooked:
	default:
		v = v.Target()
	}
	return types.Unmarshal(v, target)
}
