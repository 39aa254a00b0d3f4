package perl

import (
	"unicode/utf8"
)

// FromLatin1 returns octets, taken for characters of Latin-1, in UTF-8.
func FromLatin1(octets string) string {
	n := 0
	for i := range len(octets) {
		n += int(octets[i] >> 7)
	}
	if n == 0 {
		return octets
	}
	b := make([]byte, 0, len(octets)+n)
	for i := range len(octets) {
		b = utf8.AppendRune(b, rune(octets[i]))
	}
	return string(b)
}

// ToLatin1 returns UTF-8 text as octets of Latin-1; ok is false if a character is beyond it, or
// if text is not UTF-8.
func ToLatin1(text string) (octets string, ok bool) {
	i := 0
	for i < len(text) && text[i] < utf8.RuneSelf {
		i++
	}
	if i == len(text) {
		return text, true
	}
	b := make([]byte, 0, len(text))
	for _, r := range text {
		if r > 0xff {
			return "", false
		}
		b = append(b, byte(r))
	}
	return string(b), true
}

// TextPair builds a Pair for a key of characters in UTF-8, in the form that Perl holds it: octets
// if it is ASCII or fits Latin-1, else UTF-8.
func TextPair(key string, v *Value) Pair {
	octets, ok := ToLatin1(key)
	switch {
	case !ok:
		return Pair{Key: key, Flags: KeyUTF8, Value: v}
	case octets != key:
		return Pair{Key: octets, Flags: KeyWasUTF8, Value: v}
	}
	return Pair{Key: key, Value: v}
}
