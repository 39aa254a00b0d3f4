//go:build ikc_nounsafe

package storable

import (
	"reflect"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// aliasOf copies: only package unsafe spares that.
func aliasOf(b []byte) string { return string(b) }

// addressOf is where v is, as a number: it keeps nothing alive.
func addressOf(v *perl.Value) uintptr { return reflect.ValueOf(v).Pointer() }

// unmarshalDirect and direct write to variables by their address. Without package unsafe they leave
// all of them to perl.Unmarshal.
func (dec *Decoder) unmarshalDirect([]byte, any) bool { return false }

func (dec *Decoder) direct(string, Header, reflect.Value) bool { return false }
