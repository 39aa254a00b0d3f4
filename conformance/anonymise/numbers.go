package anonymise

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// starts are where the ranges begin within which integers are replaced: a number keeps its count of
// decimal digits, and it fits what it fitted: an octet of either kind, 16, 32 or 64 bits, a double.
var starts = sync.OnceValue(func() []uint64 {
	list := []uint64{2, 128, 129, 256, 1 << 15, 1<<15 + 1, 1 << 16, 1 << 31, 1<<31 + 1, 1 << 32, 1<<53 + 1, 1 << 63, 1<<63 + 1}
	for n := uint64(10); ; n *= 10 {
		list = append(list, n)
		if n > math.MaxUint64/10 {
			break
		}
	}
	slices.Sort(list)
	return list
})

// magnitude replaces an integer without its sign. 0 and 1 stay: they are truths.
func (m *mapper) magnitude(n uint64, negative bool) uint64 {
	was := number{n, negative}
	if n < 2 || m.words.numbers[was] {
		return n
	}
	if out, ok := m.numbers[was]; ok {
		return out
	}
	list := starts()
	i, found := slices.BinarySearch(list, n)
	if !found {
		i--
	}
	last := uint64(math.MaxUint64)
	if i+1 < len(list) {
		last = list[i+1] - 1
	}
	label := "integer"
	if negative {
		label = "negative"
	}
	for {
		n = m.key.within(label, n, list[i], last)
		if !m.words.numbers[number{n, negative}] {
			break
		}
	}
	if m.numbers == nil {
		m.numbers = map[number]uint64{}
	}
	if len(m.numbers) < mostNumbers {
		m.numbers[was] = n
	}
	return n
}

// mostNumbers is of how many numbers is kept what they become.
const mostNumbers = 1 << 18

// number is an integer that may be kept.
type number struct {
	magnitude uint64
	negative  bool
}

func (m *mapper) integer(n int64) int64 {
	if n < 0 {
		return -int64(m.magnitude(-uint64(n), true))
	}
	return int64(m.magnitude(uint64(n), false))
}

// decimal replaces an integer that stands in a string; zeros in front stay.
func (m *mapper) decimal(digits string, negative bool) (string, bool) {
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return "", false
	}
	rest := strings.TrimLeft(digits, "0")
	if rest == "" {
		return digits, true
	}
	n, err := strconv.ParseUint(rest, 10, 64)
	if err != nil {
		return "", false
	}
	return digits[:len(digits)-len(rest)] + strconv.FormatUint(m.magnitude(n, negative), 10), true
}

// double replaces a double by what its text is replaced by, as Perl writes it: so the two stay
// equal where one side sends the text.
func (m *mapper) double(d float64) float64 {
	if math.IsNaN(d) || math.IsInf(d, 0) || d == 0 {
		return d
	}
	text := perlText(d)
	mapped, ok := m.numeric(text)
	if !ok {
		return d
	}
	out, err := strconv.ParseFloat(mapped, 64)
	if err != nil {
		return d
	}
	return out
}

// perlText is a double as Perl writes it: %.15g.
func perlText(d float64) string {
	s := strconv.FormatFloat(d, 'e', 14, 64)
	mantissa, exponent, _ := strings.Cut(s, "e")
	n, _ := strconv.Atoi(exponent)
	if n >= -5 && n < 15 {
		s = strconv.FormatFloat(d, 'f', max(14-n, 0), 64)
		if strings.Contains(s, ".") {
			s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
		}
		return s
	}
	if strings.Contains(mantissa, ".") {
		mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	}
	return mantissa + "e" + exponent
}

// numeric replaces a string that is a number, as a whole; ok is false if it is none.
func (m *mapper) numeric(s string) (out string, ok bool) {
	rest, negative := strings.CutPrefix(s, "-")
	sign := s[:len(s)-len(rest)]
	if out, ok := m.decimal(rest, negative); ok {
		return sign + out, true
	}
	mantissa, exponent := rest, ""
	if i := strings.IndexAny(rest, "eE"); i >= 0 {
		mantissa, exponent = rest[:i], rest[i:]
		if strings.Trim(strings.TrimLeft(exponent[1:], "+-"), "0123456789") != "" || len(exponent) < 2 {
			return "", false
		}
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if whole == "" || len(whole) > 1 && whole[0] == '0' || strings.Trim(whole+fraction, "0123456789") != "" ||
		strings.Count(mantissa, ".") > 1 || fraction == "" && exponent == "" || strings.HasSuffix(mantissa, ".") {
		return "", false
	}
	if d, err := strconv.ParseFloat(s, 64); err != nil || m.words.doubles[d] {
		return s, true
	}
	b := []byte(mantissa)
	var at []int
	var digits, radices, low []uint64
	for i, c := range b {
		if c == '.' || len(at) == 0 && c == '0' {
			continue
		}
		// The first digit, and the last, stay other than 0.
		lowest, radix := uint64(0), uint64(10)
		if len(at) == 0 || i == len(b)-1 && c != '0' {
			lowest, radix = 1, 9
		}
		at, digits, radices, low = append(at, i), append(digits, uint64(c-'0')-lowest), append(radices, radix), append(low, lowest)
	}
	m.key.permute("fraction", digits, radices)
	for i, place := range at {
		b[place] = '0' + byte(digits[i]+low[i])
	}
	out = sign + string(b) + exponent
	if _, err := strconv.ParseFloat(out, 64); err != nil {
		return s, true // beyond what a double holds
	}
	return out, true
}
