// Package house holds the rules of the house, as tests: which package may import which, and how
// names and lines look. There is no code in it.
package house
