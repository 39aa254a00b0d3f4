package mutator

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
)

// lineOperation makes other text of a line without its end.
type lineOperation struct {
	name  string
	apply func(r *rand.Rand, s string) string
}

// pick chooses one of the parts of a line that match, and replaces it.
func pick(parts *regexp.Regexp, to func(r *rand.Rand, part string) string) func(*rand.Rand, string) string {
	return func(r *rand.Rand, s string) string {
		all := parts.FindAllStringIndex(s, -1)
		if len(all) == 0 {
			return s
		}
		at := all[r.IntN(len(all))]
		return s[:at[0]] + to(r, s[at[0]:at[1]]) + s[at[1]:]
	}
}

var (
	word    = regexp.MustCompile(`[\w:.-]+`)
	listed  = regexp.MustCompile(`,[^,;]*`)
	section = regexp.MustCompile(`;?[A-Z]+=[^;]*`)
	sign    = regexp.MustCompile(`[ =,;]`)
	number  = regexp.MustCompile(`\d+`)
)

var lineOperations = []lineOperation{
	{"small letters", func(_ *rand.Rand, s string) string { return strings.ToLower(s) }},
	{"capitals", func(_ *rand.Rand, s string) string { return strings.ToUpper(s) }},
	{"word in small letters", pick(word, func(_ *rand.Rand, p string) string { return strings.ToLower(p) })},
	{"word in capitals", pick(word, func(_ *rand.Rand, p string) string { return strings.ToUpper(p) })},
	{"word lost", pick(word, func(*rand.Rand, string) string { return "" })},
	{"word longer", pick(word, func(_ *rand.Rand, p string) string { return p + "x" })},
	{"word shorter", pick(word, func(_ *rand.Rand, p string) string { return p[:len(p)-1] })},
	{"word twice", pick(word, func(_ *rand.Rand, p string) string { return p + " " + p })},
	{"word replaced", pick(word, func(*rand.Rand, string) string { return "mutant" })},
	{"part of a list lost", pick(listed, func(*rand.Rand, string) string { return "" })},
	{"part of a list twice", pick(listed, func(_ *rand.Rand, p string) string { return p + p })},
	{"part of a list added", pick(listed, func(_ *rand.Rand, p string) string { return p + ",mutant" })},
	{"section lost", pick(section, func(*rand.Rand, string) string { return "" })},
	{"section twice", pick(section, func(_ *rand.Rand, p string) string { return p + ";" + strings.TrimPrefix(p, ";") })},
	{"section added", func(_ *rand.Rand, s string) string { return s + ";MUTANT=1" }},
	{"sign lost", pick(sign, func(*rand.Rand, string) string { return "" })},
	{"sign twice", pick(sign, func(_ *rand.Rand, p string) string { return p + p })},
	{"sign replaced", pick(sign, func(r *rand.Rand, _ string) string { return string(" =,;:"[r.IntN(5)]) })},
	{"number changed", pick(number, func(r *rand.Rand, _ string) string { return fmt.Sprint(r.IntN(100000)) })},
	{"character lost", func(r *rand.Rand, s string) string { i := r.IntN(len(s)); return s[:i] + s[i+1:] }},
	{"character changed", func(r *rand.Rand, s string) string {
		i := r.IntN(len(s))
		return s[:i] + string('a'+r.Int32N(26)) + s[i+1:]
	}},
	{"character added", func(r *rand.Rand, s string) string {
		i := r.IntN(len(s) + 1)
		return s[:i] + string('a'+r.Int32N(26)) + s[i:]
	}},
	{"space before", func(_ *rand.Rand, s string) string { return " " + s }},
	{"space behind", func(_ *rand.Rand, s string) string { return s + " " }},
	{"words behind", func(_ *rand.Rand, s string) string { return s + " and more" }},
	{"empty", func(*rand.Rand, string) string { return "" }},
	{"another line", func(r *rand.Rand, _ string) string {
		return []string{"HELLO", "WORLD", "DONE", "OK", "NOT", "IAM mutant", "FREEZER Storable", "SETUP KERNEL=mutant;FREEZER=Storable", "mutant"}[r.IntN(9)]
	}},
}

// ofLine chooses a change of a line of the negotiation.
func ofLine(r *rand.Rand, m *Mutation, u *usual) bool {
	conn, n := u.someUnit(r, false)
	if n < 0 {
		return false
	}
	line := strings.TrimRight(string(u.said[conn][n].octets), "\r\n")
	if line == "" {
		return false
	}
	first, _, _ := strings.Cut(line, " ")
	m.Place = "line " + first
	m.Detail = fmt.Sprintf("line %d of connection %d", n, conn)
	m.at = func(c, i int) bool { return c == conn && i == n }
	if r.IntN(3) == 0 {
		m.Scope, m.at = "always", func(_, i int) bool { return i == n }
	}
	var change func(s string) []string
	switch k := r.IntN(10); k {
	case 0:
		m.Op = "lost"
		change = func(string) []string { return nil }
	case 1:
		m.Op = "twice"
		change = func(s string) []string { return []string{s, s} }
	case 2:
		m.Op = "another before it"
		change = func(s string) []string { return []string{"\r\n", s} }
	case 3:
		end := []string{"\n", "\r", "\r\r\n", "\n\n"}[r.IntN(4)]
		m.Op = fmt.Sprintf("ended by %q", end)
		change = func(s string) []string { return []string{strings.TrimRight(s, "\r\n") + end} }
	default:
		op := lineOperations[r.IntN(len(lineOperations))]
		m.Op = op.name
		change = func(s string) []string {
			text := strings.TrimRight(s, "\r\n")
			if text == "" {
				return []string{s}
			}
			return []string{op.apply(m.rand(), text) + s[len(text):]}
		}
	}
	m.change = func(s *mutant, _ int, u *unit) (bool, error) {
		if u.frame {
			s.later.say(s.pass, u.octets)
			return false, nil
		}
		was := string(u.octets)
		list := change(was)
		for _, line := range list {
			s.later.say(s.pass, []byte(line))
		}
		return len(list) != 1 || list[0] != was, nil
	}
	return true
}
