package mock

// rotation gives recorded requests in turn: each once, in their order, and then again from the
// start. For a connection that stands for a recorded one, those of that one come first.
type rotation struct {
	takes []*take
	used  []int // in how many rounds
	round int
	all   cursor
	of    map[*connection]*cursor
}

// cursor is how far a round has come.
type cursor struct {
	takes []int // of the rotation, nil for all of them
	next  int
	round int
}

func (r *rotation) add(t *take) {
	if r.of == nil {
		r.of = map[*connection]*cursor{}
	}
	own := r.of[t.c]
	if own == nil {
		own = &cursor{}
		r.of[t.c] = own
	}
	own.takes = append(own.takes, len(r.takes))
	r.takes, r.used = append(r.takes, t), append(r.used, 0)
}

// take gives what is next, for a connection that stands for c, which may be nil. It is nil if there
// is none at all.
func (r *rotation) take(c *connection) *take {
	if r == nil || len(r.takes) == 0 {
		return nil
	}
	if own := r.of[c]; own != nil {
		if i, ok := own.find(r, len(own.takes)); ok {
			return r.use(own.takes[i])
		}
	}
	i, ok := r.all.find(r, len(r.takes))
	if !ok {
		r.round++
		return r.take(c)
	}
	return r.use(i)
}

func (r *rotation) use(i int) *take {
	r.used[i] = r.round + 1
	return r.takes[i]
}

// find gives the first that this round has not had yet.
func (c *cursor) find(r *rotation, n int) (int, bool) {
	if c.round != r.round {
		c.round, c.next = r.round, 0
	}
	for ; c.next < n; c.next++ {
		i := c.next
		if c.takes != nil {
			i = c.takes[i]
		}
		if r.used[i] <= r.round {
			return c.next, true
		}
	}
	return 0, false
}
