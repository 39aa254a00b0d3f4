// Package limits sets and checks fields of options that bound something.
package limits

// Set gives a field that is 0 its default. It tells whether the field is neither below 0 nor above
// most; a most of 0 is no bound.
func Set[T ~int | ~int64](field *T, standard, most T) bool {
	if *field < 0 || most > 0 && *field > most {
		return false
	}
	if *field == 0 {
		*field = standard
	}
	return true
}
