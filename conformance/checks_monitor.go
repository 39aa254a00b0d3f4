package conformance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
)

const sourceMonitor = "Responder monitor, inform_monitors"

// onLives judges what a monitor of every kernel was told of one kind of event, by the connections that it is about.
func onLives(what string, judge func(t *Trial, a *account, w *watching, lives []*life)) Predicate {
	return onAccount(func(t *Trial, a *account) {
		if w := a.ofAll(what); w != nil && w.wants("register") {
			judge(t, a, w, a.lives(w))
		}
	})
}

// onEachLife is onLives for each connection that the capture shows, and whose id was no other's.
func onEachLife(what string, judge func(t *Trial, a *account, v *life)) Predicate {
	return onLives(what, func(t *Trial, a *account, _ *watching, lives []*life) {
		for _, v := range lives {
			if v.met != nil && v.doubled.IsZero() {
				judge(t, a, v)
			}
		}
	})
}

// saysNames tells whether a block names what the peer announced, each name once; the address of its socket may come too.
func (b *block) saysNames(announced []string) bool {
	var said []string
	for _, l := range b.names {
		if !isAddress(l.Event.About) {
			said = append(said, l.Event.About)
		}
	}
	var want []string
	for _, name := range announced {
		if !isAddress(name) && !slices.Contains(want, name) {
			want = append(want, name)
		}
	}
	slices.Sort(said)
	slices.Sort(want)
	return slices.Equal(said, want)
}

// names are what a block names, in order.
func (b *block) said() string {
	out := []string{b.id}
	for _, l := range b.names {
		out = append(out, l.Event.About)
	}
	return strings.Join(out, ", ")
}

// isSpecifier tells whether a kernel to be monitored was given as a specifier.
func isSpecifier(kernel string) bool { return strings.HasPrefix(kernel, "poe:") }

// firstDifference says where two lists part.
func firstDifference(want, got []string) (expected, actual string) {
	for i := range max(len(want), len(got)) {
		w, g := "nothing", "nothing"
		if i < len(want) {
			w = want[i]
		}
		if i < len(got) {
			g = got[i]
		}
		if w != g {
			return fmt.Sprintf("as event %d, %s", i+1, w), g
		}
	}
	return strings.Join(want, "; "), ""
}

// errorsTold are the error events of an operation that a monitor of every kernel was told, of ids only if real.
func (a *account) errorsTold(w *watching, operation string) (out []*dialogue.ControlLine) {
	for _, l := range a.monitored(w) {
		if l.Event.What == "error" && text(l.Event.Args, 0) == operation {
			out = append(out, l)
		}
	}
	return out
}

// target is where a post or call of the harness is addressed to.
func (a *account) target(l *dialogue.ControlLine) (specifier.Specifier, bool) {
	var f driver.Call
	if l.Command.Failed() || l.Command.Decode(&f) != nil {
		return specifier.Specifier{}, false
	}
	to, err := specifier.Parse(f.To)
	return to, err == nil
}

// knows tells whether a name is that of a kernel of the capture, or of all.
func (a *account) knows(kernel string) bool {
	if kernel == "" || kernel == everyKernel || isAddress(kernel) || slices.Contains(a.ownNames(), kernel) {
		return true
	}
	return slices.ContainsFunc(a.Met, func(m *meeting) bool { return slices.Contains(m.names[a.Side.Other()], kernel) })
}

// before tells whether a line came before a monitor was set.
func (a *account) before(l *dialogue.ControlLine, w *watching) bool {
	return l.At.Time.Before(w.set.At.Time)
}
