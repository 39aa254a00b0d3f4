// Package qr looks at the patterns of Perl's regexps, without compiling them.
package qr

import "strings"

// Traits are what compiling a pattern says of it.
type Traits struct {
	// RunsOn: it ends within a comment of the modifier x. Perl puts a newline behind such a pattern
	// where it shows or keeps it, since what came behind it would be of the comment.
	RunsOn bool
	// Keeps: the modifier p is in one of its groups. It holds for the whole of the regexp then.
	Keeps bool
}

// Look looks at a pattern with modifiers. One that Perl would not compile has some traits or other.
func Look(pattern, modifiers string) Traits {
	comments := strings.Contains(pattern, "#")
	if !comments && !strings.Contains(pattern, "(?") {
		return Traits{}
	}
	var t Traits
	x := strings.Contains(modifiers, "x") // in force
	var outer []bool                      // what it is outside each group that is open
	for i := 0; i < len(pattern); i++ {
		switch pattern[i] {
		case '\\':
			i++
		case '[':
			i = classEnd(pattern, i)
		case ')':
			if len(outer) > 0 {
				x, outer = outer[len(outer)-1], outer[:len(outer)-1]
			}
		case '(':
			rest := pattern[i+1:]
			if strings.HasPrefix(rest, "?#") {
				end := strings.IndexByte(rest, ')')
				if end < 0 {
					return t
				}
				i += 1 + end
				continue
			}
			flags := flagsOf(rest)
			on, _, _ := strings.Cut(flags.text, "-")
			t.Keeps = t.Keeps || strings.Contains(on, "p")
			inner := flags.apply(x)
			i += flags.length
			if flags.alone {
				x = inner
				continue
			}
			outer, x = append(outer, x), inner
		case '#':
			if !x {
				continue
			}
			end := strings.IndexByte(pattern[i:], '\n')
			if end < 0 {
				t.RunsOn = true
				return t
			}
			i += end
		}
	}
	return t
}

// flags are those of a group: (?i), (?i:...) or (?^i:...).
type flags struct {
	text   string
	length int  // octets from behind "(" to the end of them
	alone  bool // (?i), to the end of the group around it
}

// flagsOf reads the flags that follow "(", if any do.
func flagsOf(rest string) flags {
	if !strings.HasPrefix(rest, "?") {
		return flags{}
	}
	n := 1
	for n < len(rest) && strings.IndexByte("^-adlupmsixnc", rest[n]) >= 0 {
		n++
	}
	if n == len(rest) || rest[n] != ')' && rest[n] != ':' {
		return flags{}
	}
	return flags{rest[1:n], n + 1, rest[n] == ')'}
}

// apply is whether x is in force behind the flags, if it was or not before.
func (f flags) apply(x bool) bool {
	on, off, _ := strings.Cut(f.text, "-")
	switch {
	case strings.Contains(off, "x"):
		return false
	case strings.Contains(on, "x"):
		return true
	}
	return x && !strings.HasPrefix(on, "^")
}

// classEnd is where the bracketed class that begins at i ends, or the pattern.
func classEnd(pattern string, i int) int {
	i++
	if i < len(pattern) && pattern[i] == '^' {
		i++
	}
	for first := true; i < len(pattern); i, first = i+1, false {
		switch pattern[i] {
		case '\\':
			i++
		case '[':
			if i+1 < len(pattern) && strings.IndexByte(":.=", pattern[i+1]) >= 0 {
				if end := strings.Index(pattern[i+2:], pattern[i+1:i+2]+"]"); end >= 0 {
					i += 2 + end + 1
				}
			}
		case ']':
			if !first {
				return i
			}
		}
	}
	return i
}
