// Package wireshark holds the dissector of IKC for Wireshark, in Lua, and its colouring rules.
package wireshark

import _ "embed"

// Dissector is ikc.lua.
//
//go:embed ikc.lua
var Dissector []byte

// ColorFilters are colouring rules, to be imported with View > Coloring Rules > Import.
//
//go:embed colorfilters
var ColorFilters []byte
