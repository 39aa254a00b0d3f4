package upgrade

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// Mixed is a conversation of the old with the new, in one combination.
type Mixed struct {
	// Client is "old" or "new"; the server is the other.
	Client     string          `json:"client"`
	Role       cell.Role       `json:"role"`
	Dialect    cell.Dialect    `json:"dialect"`
	Serializer cell.Serializer `json:"serializer"`
	// Problem says why it did not get to its end, though that of the old with itself or of the new
	// with itself does; "" if it did.
	Problem string `json:"problem,omitempty" visible:"lines"`
	// Failed are the checks that fail in it and neither in that of the old nor of the new with
	// itself.
	Failed []string `json:"failed,omitempty"`
	// Skipped says why it was not played, "" if it was.
	Skipped string `json:"skipped,omitempty"`
}

// works tells whether it came to its end, and nothing was wrong that is not wrong with one alone.
func (m *Mixed) works() bool { return m.Problem == "" && len(m.Failed) == 0 }

// mixedPatience bounds the waits of such a conversation: a side that is silent is waited for in
// each of many.
const mixedPatience = 5 * time.Second

// played is what came of a conversation.
type played struct {
	err    error
	failed []string
}

// casting is who plays, in which combination.
type casting struct {
	server, client int // 0: the old, 1: the new
	cell.Cell
}

// together has each play with the other, and with itself, to know what is usual.
func (t *trial) together(ctx context.Context) error {
	results := []*cell.TargetResult{t.old, t.new}
	all := []*targets.Target{t.from, t.to}
	for i, target := range all {
		if !target.Driven() {
			t.report.Mixed = append(t.report.Mixed, Mixed{Client: []string{"old", "new"}[1-i], Skipped: fmt.Sprintf("%s has no driver, so it cannot be told to play with the other", target)})
		}
	}
	if len(t.report.Mixed) > 0 {
		return nil
	}
	var todo []casting
	for _, c := range t.opts.Cells {
		if c.Role == cell.AsServer || c.Dialect == cell.Fallback {
			continue
		}
		for client := range 2 {
			for server := range 2 {
				if r := find(results[client], c); r == nil || r.Skipped != "" || r.Err != nil {
					continue // it does not speak that, or not so
				}
				todo = append(todo, casting{server, client, c})
			}
		}
	}
	outcomes := make([]played, len(todo))
	queue := make(chan int)
	var workers sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for range min(t.opts.Jobs, len(todo)) {
		workers.Go(func() {
			for i := range queue {
				outcomes[i] = t.play(ctx, todo[i], all, results[todo[i].server])
				mu.Lock()
				done++
				t.told(fmt.Sprintf("%s as client of %s: %s", all[todo[i].client], all[todo[i].server], todo[i].Cell), done, len(todo))
				mu.Unlock()
			}
		})
	}
	for i := range todo {
		queue <- i
	}
	close(queue)
	workers.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	of := map[casting]played{}
	for i, c := range todo {
		of[c] = outcomes[i]
	}
	for _, c := range todo {
		if c.server != c.client {
			t.mixed(c, of)
		}
	}
	t.tellMixed()
	return nil
}

func find(r *cell.TargetResult, c cell.Cell) *cell.Result {
	i := slices.IndexFunc(r.Cells, func(have *cell.Result) bool { return have.Cell == c })
	if i < 0 {
		return nil
	}
	return r.Cells[i]
}

// play has two hold a conversation, and judges it.
func (t *trial) play(ctx context.Context, c casting, all []*targets.Target, server *cell.TargetResult) (p played) {
	dialect := c.Dialect
	r := find(server, cell.Cell{Role: cell.AsServer, Dialect: cell.IKC0, Serializer: c.Serializer})
	if dialect == cell.IKC0 && r != nil && r.Skipped != "" {
		dialect = cell.Fallback // the server knows HELLO only
	}
	path := filepath.Join(t.opts.Dir, fmt.Sprintf("mixed-%d-%d-%s.pcapng", c.server, c.client, c.File()))
	ctx, cancel := context.WithTimeout(ctx, harness.DefaultTimeout)
	defer cancel()
	_, _, p.err = harness.Pair{Server: all[c.server], Client: all[c.client], Role: c.Role, Dialect: dialect, Serializer: c.Serializer,
		Path: path, Patience: mixedPatience}.Record(ctx)
	found, err := judge.File(path, checks.Catalogue(), dialogue.Options{AssumeIKC: true})
	if err != nil {
		p.err = errors.Join(p.err, err)
		return p
	}
	t.opts.Known.Settle(found, "")
	for _, v := range found.Verdicts {
		if v.Outcome == judge.Fail || v.Outcome == judge.Known {
			p.failed = append(p.failed, v.Check.ID)
		}
	}
	slices.Sort(p.failed)
	p.failed = slices.Compact(p.failed)
	return p
}

// mixed tells how a conversation of the two went, against those of each with itself.
func (t *trial) mixed(c casting, of map[casting]played) {
	m := Mixed{Client: []string{"old", "new"}[c.client], Role: c.Role, Dialect: c.Dialect, Serializer: c.Serializer}
	if m.Serializer == "" {
		m.Serializer = cell.Storable
	}
	got := of[c]
	own := func(who int) (played, bool) {
		p, ok := of[casting{who, who, c.Cell}]
		return p, ok
	}
	var usual []string
	for who := range 2 {
		if p, ok := own(who); ok {
			usual = append(usual, p.failed...)
		}
	}
	if client, ok := own(c.client); got.err != nil && (!ok || client.err == nil) {
		m.Problem = visible.Error(got.err)
	}
	for _, id := range got.failed {
		if !slices.Contains(usual, id) {
			m.Failed = append(m.Failed, id)
		}
	}
	t.report.Mixed = append(t.report.Mixed, m)
}

// tellMixed makes findings of what does not work between the old and the new, one for those who are
// client and what they are.
func (t *trial) tellMixed() {
	type whom struct {
		client string
		role   cell.Role
	}
	var order []whom
	found := map[whom]*Finding{}
	for i := range t.report.Mixed {
		m := &t.report.Mixed[i]
		if m.works() {
			continue
		}
		w := whom{m.Client, m.Role}
		f := found[w]
		if f == nil {
			server := "new"
			if m.Client == "new" {
				server = "old"
			}
			f = &Finding{Weight: Changes, Whom: fmt.Sprintf("%s %ss of %s servers", m.Client, m.Role, server), Text: "Something is not right between them."}
			found[w], order = f, append(order, w)
		}
		line, _, _ := strings.Cut(m.Problem, "\n")
		if m.Problem != "" {
			f.Weight, f.Text = Breaks, "They cannot talk to each other, or no longer when something has been said."
		} else {
			line = strings.Join(m.Failed, ", ") + " fails, and does not if the old or the new talks to itself"
		}
		f.Evidence = append(f.Evidence, fmt.Sprintf("%s, %s: %s", m.Dialect, m.Serializer, line))
	}
	for _, w := range order {
		t.report.Findings = append(t.report.Findings, *found[w])
	}
}
