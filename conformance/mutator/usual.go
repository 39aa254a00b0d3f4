package mutator

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// usual is what is seen in plays without a mutation.
type usual struct {
	orders map[string]map[string]bool // of a channel: all that was seen, in order
	bags   map[string]map[string]bool // and sorted
	sample map[string][]string
	plays  int
	// said is what the other side said in the first of them.
	said [][]*unit
}

// someUnit chooses a frame or a line that the other side says; n is below 0 if there is none.
func (u *usual) someUnit(r *rand.Rand, frame bool) (conn, n int) {
	var all [][2]int
	for conn, units := range u.said {
		for n, unit := range units {
			if unit.frame == frame {
				all = append(all, [2]int{conn, n})
			}
		}
	}
	if len(all) == 0 {
		return 0, -1
	}
	at := all[r.IntN(len(all))]
	return at[0], at[1]
}

func newUsual() *usual {
	return &usual{orders: map[string]map[string]bool{}, bags: map[string]map[string]bool{}, sample: map[string][]string{}}
}

// learn adds a play.
func (u *usual) learn(p *played) {
	o := p.seen
	if u.plays == 0 {
		u.said = p.said
	}
	for channel := range o.channels {
		if u.orders[channel] == nil {
			u.orders[channel], u.bags[channel] = map[string]bool{}, map[string]bool{}
			if u.plays > 0 { // there were plays without it
				u.orders[channel][""], u.bags[channel][""] = true, true
			}
			u.sample[channel] = o.channels[channel]
		}
	}
	for channel := range u.orders {
		order, bag := keys(o.channels[channel])
		u.orders[channel][order], u.bags[channel][bag] = true, true
	}
	u.plays++
}

func keys(list []string) (order, bag string) {
	return strings.Join(list, "\n"), strings.Join(slices.Sorted(slices.Values(list)), "\n")
}

// differs tells what of an observation is not usual, "" if all is. anyOrder: its order may be
// another, since something came at another time.
func (u *usual) differs(o *observation, anyOrder bool) string {
	channels := map[string]bool{}
	for c := range u.orders {
		channels[c] = true
	}
	for c := range o.channels {
		channels[c] = true
	}
	for _, channel := range slices.Sorted(maps.Keys(channels)) {
		list := o.channels[channel]
		order, bag := keys(list)
		mixed := anyOrder || len(u.orders[channel]) > 1
		if u.orders[channel][order] || mixed && u.bags[channel][bag] || len(u.orders[channel]) == 0 && len(list) == 0 {
			continue
		}
		return channel + ": " + firstDifference(u.sample[channel], list)
	}
	return ""
}

// firstDifference tells where two lists part.
func firstDifference(usual, got []string) string {
	for i := range max(len(usual), len(got)) {
		was, is := "nothing", "nothing"
		if i < len(usual) {
			was = usual[i]
		}
		if i < len(got) {
			is = got[i]
		}
		if was != is {
			at := 0
			for at < min(len(was), len(is)) && was[at] == is[at] {
				at++
			}
			return fmt.Sprintf("%d: usually %s, now %s", i+1, around(was, at), around(is, at))
		}
	}
	return "in another order"
}

// around is the part of a text around a place.
func around(s string, at int) string {
	from, to := max(0, at-60), min(len(s), at+100)
	out := s[from:to]
	if from > 0 {
		out = "..." + out
	}
	if to < len(s) {
		out += "..."
	}
	return out
}
