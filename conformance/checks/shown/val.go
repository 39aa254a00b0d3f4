package shown

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// kinds of value that must come back from the state "echo" as they went, with what shows one: in a
// value, of which parts are all that it leads to.
var echoKinds = []struct {
	id, name string
	has      func(v *perl.Value, parts []*perl.Value) bool
}{
	{"VAL-001", "an integer", holds(walk.IsKind(perl.Int))},
	{"VAL-002", "a string of octets", holds(walk.IsKind(perl.Bytes))},
	{"VAL-003", "a string with NUL and octets above 127", holds(func(v *perl.Value) bool {
		return v.Kind() == perl.Bytes && hasOctet(v.Str(), func(c byte) bool { return c == 0 }) &&
			hasOctet(v.Str(), func(c byte) bool { return c > 127 })
	})},
	{"VAL-004", "a UTF-8 string", holds(walk.IsKind(perl.Text))},
	{"VAL-005", "undef as an element", holds(walk.IsKind(perl.Undef))},
	{"VAL-006", "an array", holds(walk.IsKind(perl.Array))},
	{"VAL-007", "a hash", holds(walk.IsKind(perl.Hash))},
	{"VAL-008", "a hash with a UTF-8 key", holds(func(v *perl.Value) bool {
		for _, p := range v.Pairs() {
			if p.Flags&perl.KeyUTF8 != 0 {
				return true
			}
		}
		return false
	})},
	{"VAL-009", "a reference to a scalar", holds(func(v *perl.Value) bool {
		k := v.Target().Kind()
		return v.Kind() == perl.Ref && k != perl.Array && k != perl.Hash && k != perl.Ref
	})},
	{"VAL-010", "a reference to a reference", holds(func(v *perl.Value) bool { return v.Kind() == perl.Ref && v.Target().Kind() == perl.Ref })},
	{"VAL-011", "a blessed value", holds(func(v *perl.Value) bool { return v.Class() != "" })},
	{"VAL-012", "a container that is referenced twice", whole(walk.Shares)},
	{"VAL-013", "a cyclic structure", whole(walk.Cyclic)},
	{"VAL-014", "a string longer than 255 octets", holds(func(v *perl.Value) bool { return len(v.Str()) > 255 })},
	{"VAL-015", "an empty string, array or hash", holds(func(v *perl.Value) bool {
		return v.Kind() == perl.Bytes && v.Str() == "" ||
			v.Kind() == perl.Array && len(v.Elems()) == 0 || v.Kind() == perl.Hash && len(v.Pairs()) == 0
	})},
	{"VAL-016", "a negative integer", holds(func(v *perl.Value) bool { return v.Kind() == perl.Int && v.Int() < 0 })},
	{"VAL-017", "a number beyond 32 bits, written as a string of digits,", holds(func(v *perl.Value) bool {
		n, err := strconv.ParseUint(strings.TrimPrefix(v.Str(), "-"), 10, 64)
		return v.Kind() == perl.Bytes && err == nil && n > math.MaxUint32
	})},
	{"VAL-018", "a number with a fraction or an exponent, written as a string,", holds(func(v *perl.Value) bool {
		_, err := strconv.ParseFloat(v.Str(), 64)
		return v.Kind() == perl.Bytes && err == nil && strings.ContainsAny(v.Str(), ".eE")
	})},
	{"VAL-019", "a hash with an undefined value", holds(func(v *perl.Value) bool {
		return slices.ContainsFunc(v.Pairs(), func(p perl.Pair) bool { return p.Value.Kind() == perl.Undef })
	})},
	{"VAL-020", "a container within another", holds(func(v *perl.Value) bool {
		return slices.ContainsFunc(v.Elems(), func(e *perl.Value) bool {
			k := e.Target().Kind()
			return e.Kind() == perl.Ref && (k == perl.Array || k == perl.Hash)
		})
	})},
	{"VAL-021", "a string with quotes, backslashes, sigils and line ends", holds(func(v *perl.Value) bool {
		return v.Kind() == perl.Bytes && !slices.ContainsFunc([]string{"'", "\"", "\\", "$", "@", "\n"}, func(s string) bool { return !strings.Contains(v.Str(), s) })
	})},
	{"VAL-022", "a string of digits with leading zeros", holds(func(v *perl.Value) bool {
		_, err := strconv.ParseUint(v.Str(), 10, 64)
		return v.Kind() == perl.Bytes && err == nil && len(v.Str()) > 1 && v.Str()[0] == '0'
	})},
	{"VAL-023", "a string of 64 KiB or more", holds(func(v *perl.Value) bool { return v.Kind() == perl.Bytes && len(v.Str()) >= 64<<10 })},
	{"VAL-024", "an array of more than 255 elements", holds(func(v *perl.Value) bool { return len(v.Elems()) > 255 })},
	{"VAL-025", "a hash with an empty key", holds(func(v *perl.Value) bool {
		return slices.ContainsFunc(v.Pairs(), func(p perl.Pair) bool { return p.Key == "" })
	})},
	{"VAL-026", "a structure of 16 levels or more", whole(func(v *perl.Value) bool { return !walk.Cyclic(v) && levels(v, 16) })},
}

// levels tells whether a value has n levels of first elements.
func levels(v *perl.Value, n int) bool {
	for ; n > 0; n-- {
		e := v.Target().Elems()
		if v.Kind() != perl.Ref || len(e) == 0 {
			return false
		}
		v = e[0]
	}
	return true
}

func holds(wanted func(*perl.Value) bool) func(v *perl.Value, parts []*perl.Value) bool {
	return func(_ *perl.Value, parts []*perl.Value) bool { return slices.ContainsFunc(parts, wanted) }
}

func whole(wanted func(*perl.Value) bool) func(v *perl.Value, parts []*perl.Value) bool {
	return func(v *perl.Value, _ []*perl.Value) bool { return wanted(v) }
}

func hasOctet(s string, ok func(byte) bool) bool {
	for i := 0; i < len(s); i++ {
		if ok(s[i]) {
			return true
		}
	}
	return false
}

// VAL are about values that the state echo hands back.
func VAL() []*judge.Check {
	var checks []*judge.Check
	for _, k := range echoKinds {
		checks = append(checks, &judge.Check{
			ID: k.id, Level: judge.Must, Party: judge.TheResponder,
			Requirement: fmt.Sprintf("%s survives the way there and back unchanged in kind and content.", upper(k.name)),
			Source:      "Storable, FreezeThaw, Freezer; states get what was sent (Responder request)",
			Rationale:   "Floating point numbers and integers beyond 32 bits are strings to begin with: nfreeze writes them so.",
			Needs:       fmt.Sprintf("a call of %s/echo with %s that was answered", contract.SessionAlias, k.name),
			Judge: judge.OnAnswers(func(t *judge.Trial, x *dialogue.Exchange, a *dialogue.Message) {
				if !to(x, contract.SessionAlias, "echo") || x.Ambiguous || x.Request.WantArray {
					return
				}
				if e := t.Echo(x.Arg(0), a.Params()); k.has(e.Sent, e.Parts) {
					t.HoldFunc(e.Same, a.Frame, func() (string, string) { return judge.ShowBoth(e.Sent, e.Got) })
				}
			}).OfSession(contract.SessionAlias),
		})
	}
	return checks
}

func upper(s string) string { return string(s[0]-'a'+'A') + s[1:] }
