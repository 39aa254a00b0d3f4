package anonymise

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// freezeThaw replaces the strings of a text of FreezeThaw. Its lengths count octets, or characters
// where the writer had some beyond Latin-1.
func (m *mapper) freezeThaw(text []byte) (understood int, err error) {
	for _, wide := range []bool{false, true} {
		places, failed := freezeThawStrings(text, wide)
		if failed != nil {
			err = cmp.Or(err, failed)
			continue
		}
		for _, p := range places {
			switch s := text[p.from:p.to]; {
			case p.pattern:
				m.pattern(s)
			case !wide || !m.characters(s):
				m.octets(s)
			}
		}
		return len(text), nil
	}
	return 0, err
}

// stretch is where a string stands in a text.
type stretch struct {
	from, to int
	pattern  bool
}

// freezeThawStrings finds the strings of a text of FreezeThaw: what stands behind $ or / and a
// length. All else are letters, and numbers with a bar behind them.
func freezeThawStrings(text []byte, wide bool) (list []stretch, err error) {
	const signature = "FrT;"
	for i := len(signature); i < len(text); {
		c := text[i]
		i++
		object := c == '>' && i < len(text) && (text[i] == '>' || text[i] == ')') // its class follows
		if object || strings.IndexByte(`_\{}`, c) >= 0 {
			continue
		}
		if strings.IndexByte(`$/@%<>)!`, c) < 0 {
			return nil, fmt.Errorf("octet %d of the text: expected a value of FreezeThaw", i-1)
		}
		bar := bytes.IndexByte(text[i:], '|')
		n, err := 0, error(nil)
		if bar > 0 {
			n, err = strconv.Atoi(string(text[i : i+bar]))
		}
		if bar <= 0 || err != nil || n < 0 {
			return nil, fmt.Errorf("octet %d of the text: expected a number and a bar", i)
		}
		i += bar + 1
		if c != '$' && c != '/' {
			continue
		}
		from := i
		if !wide {
			i = from + min(n, len(text))
		}
		for ; wide && n > 0 && i < len(text); n-- {
			_, size := utf8.DecodeRune(text[i:])
			i += size
		}
		if i > len(text) || wide && n > 0 {
			return nil, fmt.Errorf("octet %d of the text: expected more of a string, got the end", len(text))
		}
		list = append(list, stretch{from, i, c == '/'})
	}
	return list, nil
}

// Of the texts of Data::Dumper: what is a number, and what is a name that is no string.
var (
	dumpedNumber  = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?`)
	dumpedWord    = regexp.MustCompile(`^(undef|bless|do|my|sub)\b`)
	dumpedName    = regexp.MustCompile(`^\$\{?[A-Za-z_][A-Za-z0-9_]*(::[A-Za-z0-9_]+)*\}?`)
	dumpedIndex   = regexp.MustCompile(`^\[-?[0-9]+\]`)
	dumpedKey     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*`)
	dumpedLiteral = regexp.MustCompile(`^v[0-9]+(\.[0-9]+)*`)
	dumpedTruth   = regexp.MustCompile(`^!![01]`)
)

// dumped replaces the strings and numbers of a text of Data::Dumper. The names of variables stay,
// and the indices behind them.
func (m *mapper) dumped(text []byte) (understood int, err error) {
	named := false // a name stands just before
	for i := 0; i < len(text); {
		rest := text[i:]
		wasNamed := named
		named = false
		switch c := rest[0]; {
		case c == '\'' || c == '"':
			escaped := ofSingle
			if c == '"' {
				escaped = ofDouble
			}
			s, list, end, err := quoted(rest[1:], c, escaped)
			if err != nil {
				return i, fmt.Errorf("octet %d of the text: %w", i, err)
			}
			m.text(s)
			write(rest[1:], s, list)
			i += end + 2
		case c == '[' && dumpedIndex.Match(rest) && (wasNamed || subscripted(text[:i])):
			i += len(dumpedIndex.Find(rest))
		case dumpedName.Match(rest):
			i += len(dumpedName.Find(rest))
			named = true
		case dumpedLiteral.Match(rest):
			i += len(dumpedLiteral.Find(rest))
		case dumpedTruth.Match(rest):
			i += len(dumpedTruth.Find(rest))
		case dumpedNumber.Match(rest):
			n := len(dumpedNumber.Find(rest))
			m.octets(rest[:n])
			i += n
		case dumpedWord.Match(rest):
			i += len(dumpedWord.Find(rest))
		case bytes.HasPrefix(rest, []byte("qr/")):
			n := patternEnd(rest)
			if n < 0 {
				return i, fmt.Errorf("octet %d of the text: expected the end of a pattern, got the end of the text", i)
			}
			m.pattern(rest[len("qr/"):n])
			i += n + 1
			for i < len(text) && text[i] >= 'a' && text[i] <= 'z' { // modifiers
				i++
			}
		case dumpedKey.Match(rest):
			n := len(dumpedKey.Find(rest))
			if behind := bytes.TrimLeft(rest[n:], " "); !bytes.HasPrefix(behind, []byte("=>")) {
				return i, fmt.Errorf("octet %d of the text: expected a value of Data::Dumper", i)
			}
			m.octets(rest[:n])
			i += n
		case strings.IndexByte("{}[]()=>,;\\-$ \t\r\n", c) >= 0:
			i++
		default:
			return i, fmt.Errorf("octet %d of the text: expected a value of Data::Dumper", i)
		}
	}
	return len(text), nil
}

// subscripted tells whether an index may stand behind a text: it ends with an arrow, or with a
// subscript or a place in braces. An array never stands there.
func subscripted(text []byte) bool {
	return bytes.HasSuffix(text, []byte("->")) || bytes.HasSuffix(text, []byte("}")) || bytes.HasSuffix(text, []byte("]"))
}

// patternEnd is where the slash is that ends a pattern, -1 if none does.
func patternEnd(text []byte) int {
	for i := len("qr/"); i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '/':
			return i
		}
	}
	return -1
}

// json replaces the strings of a line of a driver log. Its numbers are those of the harness, such
// as the ids of commands, and stay, but for the id of a process.
func (m *mapper) json(line []byte) error {
	const processID = `"pid":`
	for i := 0; i < len(line); {
		if line[i] != '"' {
			i++
			continue
		}
		if digits := line[i:]; bytes.HasPrefix(digits, []byte(processID)) {
			i += len(processID)
			n := 0
			for i+n < len(line) && line[i+n] >= '0' && line[i+n] <= '9' {
				n++
			}
			m.octets(line[i : i+n])
			i += n
			continue
		}
		rest := line[i+1:]
		s, list, end, err := quoted(rest, '"', ofJSON)
		if err != nil {
			return err
		}
		s, list = joined(s, list)
		m.text(s)
		write(rest, s, list)
		i += end + 2
	}
	return nil
}

// joined has the characters of a string in UTF-8 of which the octets were found.
func joined(octets []uint64, each []literal) (s []uint64, list []literal) {
	for i := 0; i < len(octets); i++ {
		l := each[i]
		if l.form == asOctet && octets[i] >= utf8.RuneSelf {
			var b []byte
			for j := i; j < len(octets) && j < i+utf8.UTFMax && each[j].form == asOctet; j++ {
				b = append(b, byte(octets[j]))
			}
			if r, n := utf8.DecodeRune(b); r != utf8.RuneError {
				s, list = append(s, uint64(r)), append(list, literal{l.at, n, asCharacter})
				i += n - 1
				continue
			}
		}
		s, list = append(s, octets[i]), append(list, l)
	}
	return s, list
}
