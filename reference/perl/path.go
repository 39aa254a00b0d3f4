package perl

import (
	"strconv"
	"strings"
)

// place is where in a tree a Value was met: a step from the place of what holds it.
type place struct {
	up   *place
	step step
	key  string
	i    int
}

type step uint8

const (
	stepRoot    step = iota
	stepTarget       // of a Ref
	stepElement      // i of an Array
	stepPair         // key of a Hash
	stepTied         // the object behind a Tied or a Hooked
	stepTiedKey      // the key of a Tied
	stepHookRef      // i of a Hooked
)

// String gives p as a Perl expression, such as $VAR1->{list}[2]; for an array or hash, the
// expression of the variable itself, @{$VAR1->{list}}.
func (p *place) String(v *Value) string {
	switch v.Kind() {
	case Array:
		if p.step != stepRoot {
			return "@{" + p.holder() + "}"
		}
	case Hash:
		if p.step != stepRoot {
			return "%{" + p.holder() + "}"
		}
	}
	return p.expr()
}

// holder is the expression of a reference to what is at p.
func (p *place) holder() string {
	if p.step == stepTarget {
		return p.up.expr()
	}
	return `\` + p.expr()
}

// shownKey is how many octets of a key stand in a path, and shownSteps how many of its steps at
// each end: a peer may send keys of any length, and nest as deep as the limits allow.
const shownKey, shownSteps = 80, 100

// expr is the expression of a scalar at p. Of a long path the middle is left out, and long keys end
// in "...". It is walked without recursion: cycles make long paths.
func (p *place) expr() string {
	n := 0
	for q := p; q != nil; q = q.up {
		n++
	}
	cut := n // from where to end-shownSteps nothing is shown
	if n > 2*shownSteps {
		cut = shownSteps
	}
	e := pathExpr{}
	e.b.WriteString("$VAR1")
	for i := 0; i < n; i++ {
		if i == cut {
			e.b.WriteString("...")
			i = n - shownSteps
		}
		var next *place
		if i+1 < n && i+1 != cut {
			next = p.above(n - i - 2)
		}
		e.add(p.above(n-i-1), next)
	}
	return e.b.String()
}

// above is the place that many steps above p. Places are kept in no list of pointers, which would
// put each place that Unmarshal meets on the heap.
func (p *place) above(steps int) *place {
	for ; steps > 0; steps-- {
		p = p.up
	}
	return p
}

type pathExpr struct {
	b           strings.Builder
	subscripted bool
}

func (e *pathExpr) wrap(before, after string) {
	s := before + e.b.String() + after
	e.b.Reset()
	e.b.WriteString(s)
	e.subscripted = false
}

// add adds the step q, which next follows.
func (e *pathExpr) add(q, next *place) {
	switch q.step {
	case stepTarget:
		if next == nil || next.step != stepElement && next.step != stepPair {
			e.wrap("${", "}")
		} else if !e.subscripted {
			e.b.WriteString("->")
		}
	case stepElement:
		e.b.WriteString("[" + strconv.Itoa(q.i) + "]")
		e.subscripted = true
	case stepPair:
		key := quoteKey(q.key[:min(len(q.key), shownKey)])
		if len(q.key) > shownKey {
			key += "..."
		}
		e.b.WriteString("{" + key + "}")
		e.subscripted = true
	case stepTied:
		e.wrap("tied(", ")")
	case stepTiedKey:
		e.wrap("tiedkey(", ")")
	case stepHookRef:
		e.b.WriteString("->hook[" + strconv.Itoa(q.i) + "]")
		e.subscripted = true
	}
}
