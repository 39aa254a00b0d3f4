package perl

import (
	"math"
	"reflect"
	"strconv"
	"strings"
)

func scalar(v *Value, to reflect.Value, at *place) error {
	switch to.Kind() {
	case reflect.Bool:
		to.SetBool(v.True())
		return nil
	case reflect.String:
		s, ok := goString(v)
		if !ok {
			return wrong(at, "a string", v)
		}
		to.SetString(s)
		return nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		i, ok := integer(v)
		if !ok || to.OverflowInt(i) {
			return wrong(at, "an "+to.Type().String(), v)
		}
		to.SetInt(i)
		return nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		n, ok := unsigned(v)
		if !ok || to.OverflowUint(n) {
			return wrong(at, "a "+to.Type().String(), v)
		}
		to.SetUint(n)
		return nil
	case reflect.Float32, reflect.Float64:
		f, ok := number(v)
		if !ok {
			return wrong(at, "a number", v)
		}
		to.SetFloat(f)
		return nil
	}
	return wrong(at, "no "+to.Type().String()+" to fill", v)
}

func goString(v *Value) (string, bool) {
	switch v.Kind() {
	case Code, Regexp:
		return v.Str(), true
	}
	return v.AsString()
}

// numeral is the string of a Bytes or Text that may be a number.
func numeral(v *Value) (string, bool) {
	s := v.Str()
	return strings.TrimSpace(s[:min(len(s), longestNumeral)]), len(s) <= longestNumeral && (v.Kind() == Bytes || v.Kind() == Text)
}

func integer(v *Value) (int64, bool) {
	switch v.Kind() {
	case Int:
		return v.Int(), true
	case Double:
		f := v.Double()
		return int64(f), f == math.Trunc(f) && f >= -1<<63 && f < 1<<63
	case Bool:
		return int64(v.number()), true
	case Bytes, Text:
		s, ok := numeral(v)
		if !ok {
			return 0, false
		}
		if i, err := strconv.ParseInt(s, 10, 64); err == nil {
			return i, true
		}
		f, ok := number(v)
		return int64(f), ok && f == math.Trunc(f) && math.Abs(f) < 1<<53
	}
	return 0, false
}

func unsigned(v *Value) (uint64, bool) {
	if v.Kind() == Uint {
		return v.number(), true
	}
	if s, ok := numeral(v); ok {
		if n, err := strconv.ParseUint(s, 10, 64); err == nil {
			return n, true
		}
	}
	i, ok := integer(v)
	return uint64(i), ok && i >= 0
}

func number(v *Value) (float64, bool) {
	switch v.Kind() {
	case Int, Bool:
		return float64(int64(v.number())), true
	case Uint:
		return float64(v.number()), true
	case Double:
		return v.Double(), true
	case Bytes, Text:
		s, ok := numeral(v)
		if !ok {
			return 0, false
		}
		f, err := strconv.ParseFloat(s, 64)
		return f, err == nil
	}
	return 0, false
}
