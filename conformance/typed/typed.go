// Package typed has Perl values as the typed JSON of the driver protocol: that of
// [perl.Value.MarshalJSON], with undef for nil.
package typed

import (
	"encoding/json"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// MaxDepth is that of the JSON of package perl.
const MaxDepth = perl.MaxJSONDepth

// Error says what is wrong with the typed JSON of a value, and where.
type Error = perl.JSONError

// Encode returns the typed JSON of v. Errors are those of [perl.Value.MarshalJSON].
func Encode(v *perl.Value) (json.RawMessage, error) { return v.MarshalJSON() }

// Decode returns the value that typed JSON describes. Errors are those of
// [perl.Value.UnmarshalJSON].
func Decode(raw json.RawMessage) (*perl.Value, error) {
	v := perl.NewUndef()
	if err := v.UnmarshalJSON(raw); err != nil {
		return nil, err
	}
	return v, nil
}

// Value is a Perl value as a field of a struct that encoding/json writes and reads. A nil V is
// undef.
type Value struct{ V *perl.Value }

// MarshalJSON encodes v.V.
func (v Value) MarshalJSON() ([]byte, error) { return Encode(v.V) }

// UnmarshalJSON decodes into v.V, which is not nil afterwards.
func (v *Value) UnmarshalJSON(b []byte) error {
	d, err := Decode(b)
	if err != nil {
		return err
	}
	v.V = d
	return nil
}

// Wrap makes Values of vs.
func Wrap(vs []*perl.Value) []Value {
	out := make([]Value, len(vs))
	for i, v := range vs {
		out[i].V = v
	}
	return out
}

// Unwrap is the reverse of Wrap.
func Unwrap(vs []Value) []*perl.Value {
	out := make([]*perl.Value, len(vs))
	for i, v := range vs {
		out[i] = v.V
	}
	return out
}

var (
	_ json.Marshaler   = Value{}
	_ json.Unmarshaler = (*Value)(nil)
)
