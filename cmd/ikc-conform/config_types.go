package main

import (
	"fmt"
	"math"

	"github.com/spf13/pflag"

	"github.com/perl-ikc/ikc-conform/conformance/config"
)

// valueType is what a flag takes in a file: as a JSON Schema, and for people.
type valueType struct {
	schema map[string]any
	name   string
}

// typeOf is what a flag takes, by the type that it was defined with.
func typeOf(f *pflag.Flag) valueType {
	switch f.Value.Type() {
	case "bool":
		return valueType{map[string]any{"type": "boolean"}, "true or false"}
	case "int":
		return valueType{map[string]any{"type": "integer"}, "a whole number"}
	case "uint16":
		return valueType{map[string]any{"type": "integer", "minimum": 0, "maximum": math.MaxUint16}, "a whole number from 0 to 65535"}
	case "float64":
		return valueType{map[string]any{"type": "number"}, "a number"}
	case "duration":
		// Those of commands that read a file are more than nothing.
		return valueType{map[string]any{"type": "string", "pattern": `^[+]?(([0-9]+([.][0-9]*)?|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+$`,
			"allOf": []any{map[string]any{"pattern": "[1-9]"}}}, "a duration such as 10s"}
	case "stringSlice", "stringArray":
		return valueType{map[string]any{"$ref": "#/$defs/values"}, "a value, or a list of values"}
	}
	return valueType{map[string]any{"$ref": "#/$defs/value"}, "a value"}
}

// setFiled sets a flag to what a file has for it: of a list each value in turn, if it takes a list.
func setFiled(flags *pflag.FlagSet, f *pflag.Flag, filed config.Flag) error {
	if _, several := f.Value.(pflag.SliceValue); !several && filed.List {
		return fmt.Errorf("%s: expected %s, got a list of %d", f.Name, typeOf(f).name, len(filed.Values))
	}
	for _, value := range filed.Values {
		if err := flags.Set(f.Name, value); err != nil {
			return fmt.Errorf("%s: expected %s, got %q", f.Name, typeOf(f).name, value)
		}
	}
	return nil
}
