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

// expr is the expression of a scalar at p. The path from the root is walked twice, without
// recursion: cycles make long paths.
func (p *place) expr() string {
	var steps []*place
	for q := p; q != nil; q = q.up {
		steps = append(steps, q)
	}
	s := "$VAR1"
	var b strings.Builder
	b.WriteString(s)
	subscripted := false
	wrap := func(before, after string) {
		s := before + b.String() + after
		b.Reset()
		b.WriteString(s)
		subscripted = false
	}
	for i := len(steps) - 1; i >= 0; i-- {
		q := steps[i]
		switch q.step {
		case stepTarget:
			if i == 0 || (steps[i-1].step != stepElement && steps[i-1].step != stepPair) {
				wrap("${", "}")
			} else if !subscripted {
				b.WriteString("->")
			}
		case stepElement:
			b.WriteString("[" + strconv.Itoa(q.i) + "]")
			subscripted = true
		case stepPair:
			b.WriteString("{" + quoteKey(q.key) + "}")
			subscripted = true
		case stepTied:
			wrap("tied(", ")")
		case stepTiedKey:
			wrap("tiedkey(", ")")
		case stepHookRef:
			b.WriteString("->hook[" + strconv.Itoa(q.i) + "]")
			subscripted = true
		}
	}
	return b.String()
}
