// Package codec has what the serializers of IKC share: the wording of their errors, and limits of
// their options.
package codec

import (
	"errors"
	"fmt"

	"github.com/perl-ikc/ikc-conform/reference/internal/limits"
)

// ErrorText says what is wrong with an image and where: err is a sentinel; expected or got may be
// "".
func ErrorText(serializer string, offset int, err error, expected, got string) string {
	s := fmt.Sprintf("%s: offset %d: %v", serializer, offset, err)
	switch {
	case expected != "" && got != "":
		return s + ": expected " + expected + ", got " + got
	case expected != "":
		return s + ": expected " + expected
	case got != "":
		return s + ": " + got
	}
	return s
}

// LimitText says which limit an image exceeds and where.
func LimitText(serializer string, offset int, limit string, most, got int64) string {
	return fmt.Sprintf("%s: offset %d: %s is %d, got %d", serializer, offset, limit, most, got)
}

// OptionText says which option is out of its range.
func OptionText(serializer, option string, least, most, got int64) string {
	return fmt.Sprintf("%s: option %s: expected %d to %d, got %d", serializer, option, least, most, got)
}

// Limit is an option that bounds something.
type Limit struct {
	option         string
	field          *int
	standard, most int
}

// Bound returns the limit that is kept in a field, with its default and the most that it may be.
func Bound(option string, field *int, standard, most int) Limit {
	return Limit{option, field, standard, most}
}

// Complete gives the limits that are 0 their defaults. An error says which is out of its range.
func Complete(serializer string, all ...Limit) error {
	for _, l := range all {
		if !limits.Set(l.field, l.standard, l.most) {
			return errors.New(OptionText(serializer, l.option, 0, int64(l.most), int64(*l.field)))
		}
	}
	return nil
}

// Lesser returns the lesser of a bound that a caller gives, 0 for none, and that of an option.
func Lesser(given, option int64) int64 {
	if given > 0 {
		return min(given, option)
	}
	return option
}
