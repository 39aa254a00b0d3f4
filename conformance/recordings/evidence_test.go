package recordings_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/report"
)

// lossEnv has TestLosses lose all that it can lose, not a sample: some 200,000 captures, an hour.
const lossEnv = "IKC_LOSSES"

// field is a directory of captures of programs in the field, beside those with sidecars.
const field = "field"

// lossy is a capture that packets are taken from.
type lossy struct {
	name    string
	link    uint32
	records []record
	whole   map[string]judge.Outcome
	exit    int
	// fails are the violations in the whole, by side and check.
	fails map[string][]judge.Finding
	// holds says by record which octets are in it.
	holds []piece
}

// piece is a run of octets of one side of a connection.
type piece struct {
	conn       int // -1: none
	side       string
	begin, end int64
}

func exitOf(f *judge.Judgement) int {
	return report.FromFiles([]*judge.Judgement{f}, judge.Should, nil).Exit
}

func readLossy(t *testing.T, path string) *lossy {
	t.Helper()
	l := &lossy{name: filepath.Base(path), fails: map[string][]judge.Finding{}}
	r, err := capture.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for {
		p, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		l.link = uint32(p.LinkType)
		l.records = append(l.records, record{slices.Clone(p.Data), p.Length, p.Time})
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	file := pcapOf(l.link, l.records)
	l.holds = make([]piece, len(l.records)+1)
	for i := range l.holds {
		l.holds[i].conn = -1
	}
	for ev, err := range reader(t, file).Events(capture.Limits{}) {
		if d, ok := ev.(*capture.Data); ok && err == nil {
			side := map[capture.Direction]string{capture.FromClient: "client", capture.FromServer: "server"}[d.From]
			l.holds[d.Source.Packet] = piece{d.Conn.Index, side, d.Offset, d.Offset + int64(len(d.Bytes))}
		}
	}
	f := judge.Capture(reader(t, file), checks.Catalogue(), dialogue.Options{})
	l.whole, l.exit = outcomes(f), exitOf(f)
	for _, v := range f.Verdicts {
		if v.Outcome == judge.Fail {
			l.fails[v.Side.String()+" "+v.Check.ID] = v.Findings
		}
	}
	return l
}

// without is the capture with some packets lost, by their numbers from 1.
func (l *lossy) without(lost func(packet int) bool) ([]byte, []int) {
	var kept []record
	var gone []int
	for i, r := range l.records {
		if lost(i + 1) {
			gone = append(gone, i+1)
		} else {
			kept = append(kept, r)
		}
	}
	return pcapOf(l.link, kept), gone
}

// intact tells whether none of the octets that show a violation are among those lost.
func (l *lossy) intact(f judge.Finding, gone []int) bool {
	for _, packet := range gone {
		p := l.holds[packet]
		if p.conn != f.Connection {
			continue
		}
		for _, s := range f.Exchange {
			if s.From == p.side && s.Offset < p.end && p.begin < s.Offset+int64(s.Octets) {
				return false
			}
		}
	}
	return true
}

// others tells whether what is lost is of connections of which nothing is left: then the rest is a
// whole capture of other connections.
func (l *lossy) others(gone []int) bool {
	kept := map[int]bool{}
	for packet, p := range l.holds {
		if packet > 0 && !slices.Contains(gone, packet) {
			kept[p.conn] = true
		}
	}
	some := false
	for _, packet := range gone {
		conn := l.holds[packet].conn
		if conn >= 0 && kept[conn] {
			return false
		}
		some = some || conn >= 0
	}
	return some
}

// ofSeveral are the checks that hold several requests against each other, of which a finding shows
// only the last.
var ofSeveral = map[string]bool{"POST-001": true, "PRX-001": true, "CALL-007": true, "ERR-013": true, "ERR-015": true}

// losses counts what losing packets did.
type losses struct {
	captures, alike, seen, failures, nothing int
	kept, explained, cut                     int // violations
	asSeen, undecided                        map[string]int
	better, accused, missed                  []string
}

func (n *losses) judge(l *lossy, what string, file []byte, gone []int) {
	r, err := capture.NewReader(strings.NewReader(string(file)))
	if err != nil {
		n.accused = append(n.accused, what+": "+err.Error())
		return
	}
	f := judge.Capture(r, checks.Catalogue(), dialogue.Options{})
	n.captures++
	exit := exitOf(f)
	switch exit {
	case report.ExitConformant:
		n.alike++
	case report.ExitSeen:
		n.seen++
	case report.ExitNotConformant:
		n.failures++
	default:
		n.nothing++
	}
	fewer := l.others(gone)
	if exit == report.ExitConformant && l.exit != exit && !fewer {
		n.better = append(n.better, fmt.Sprintf("%s: conformant, the whole is %d", what, l.exit))
	}
	for _, v := range f.Verdicts {
		key := v.Side.String() + " " + v.Check.ID
		whole := l.whole[key]
		switch {
		case v.Outcome == judge.Fail && whole != judge.Fail:
			n.accused = append(n.accused, fmt.Sprintf("%s: %s: %s, got %s, %s", what, key, v.Findings[0].Expected, v.Findings[0].Actual, v.Findings[0].Where()))
		case v.Outcome == judge.Pass && whole != judge.Pass && !fewer:
			n.better = append(n.better, fmt.Sprintf("%s: %s passes, in the whole it is %v", what, key, whole))
		case v.Outcome == judge.Seen && whole != judge.Pass:
			n.asSeen[whole.String()]++
		}
		if whole != judge.Fail {
			continue
		}
		left := slices.ContainsFunc(l.fails[key], func(f judge.Finding) bool { return l.intact(f, gone) })
		switch {
		case !left:
			n.cut++
		case v.Outcome == judge.Fail:
			n.kept++
		case v.Outcome == judge.Inconclusive && (strings.Contains(v.Reason, "may explain") || strings.Contains(v.Reason, "for certain")):
			n.explained++
			n.undecided[v.Check.ID]++
		case ofSeveral[v.Check.ID]:
			n.cut++
		default:
			n.missed = append(n.missed, fmt.Sprintf("%s: %s is %v: %s", what, key, v.Outcome, v.Reason))
		}
	}
}

func (n *losses) add(m *losses) {
	n.captures, n.alike, n.seen = n.captures+m.captures, n.alike+m.alike, n.seen+m.seen
	n.failures, n.nothing = n.failures+m.failures, n.nothing+m.nothing
	n.kept, n.explained, n.cut = n.kept+m.kept, n.explained+m.explained, n.cut+m.cut
	for k, v := range m.asSeen {
		n.asSeen[k] += v
	}
	for k, v := range m.undecided {
		n.undecided[k] += v
	}
	n.better, n.accused, n.missed = append(n.better, m.better...), append(n.accused, m.accused...), append(n.missed, m.missed...)
}

func (n *losses) report(t *testing.T, what string) {
	t.Helper()
	t.Logf("%s: %d captures: %d conformant, %d conformant as far as seen, %d not conformant, %d without a verdict", what, n.captures, n.alike, n.seen, n.failures, n.nothing)
	t.Logf("%s: violations whose octets are whole: %d found, %d inconclusive, since the loss may explain them, %d missed; %d lost their own octets", what, n.kept, n.explained, len(n.missed), n.cut)
	t.Logf("%s: inconclusive by check: %v", what, n.undecided)
	t.Logf("%s: better than the whole: %d; failures that the whole does not have: %d; passes as far as seen that the whole has not: %v", what, len(n.better), len(n.accused), n.asSeen)
	for _, list := range [][]string{n.better, n.accused, n.missed} {
		for _, e := range list[:min(len(list), 20)] {
			t.Error(e)
		}
		if len(list) > 20 {
			t.Errorf("and %d more", len(list)-20)
		}
	}
}

// lossyFiles are the captures that packets are taken from: those of the repository, and those of
// cases beside it, if they are there.
func lossyFiles(t *testing.T) (paths []string) {
	t.Helper()
	for _, pattern := range []string{"*.pcapng", "driven/*.pcapng", "releases/*.pcapng", "perls/*.pcapng", "broken/*.pcapng", field + "/*.pcap*", "../../shared/cases/*/*.pcap*"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	return paths
}

// TestLosses loses packets of captures: each single one, all but a slice, and one in twenty. What
// comes of that is never better than the whole, nothing fails that does not in the whole, and what
// fails in the whole still does if its own octets are there, unless what is lost may explain it. It
// is a sample, but for IKC_LOSSES=all, or IKC_LOSSES=N for one in N.
func TestLosses(t *testing.T) {
	every := 120
	switch v := os.Getenv(lossEnv); v {
	case "":
	case "all":
		every = 1
	default:
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			t.Fatalf("%s: expected all or a number, got %q", lossEnv, v)
		}
		every = n
	}
	rng := rand.New(rand.NewPCG(15, uint64(every)))
	chosen := func() bool { return rng.IntN(every) == 0 }
	sums := map[string]*losses{}
	jobs, results := make(chan func() (string, *losses)), make(chan func())
	var group, collecting sync.WaitGroup
	for range 2 {
		group.Go(func() {
			for job := range jobs {
				what, n := job()
				results <- func() {
					if sums[what] == nil {
						sums[what] = &losses{asSeen: map[string]int{}, undecided: map[string]int{}}
					}
					sums[what].add(n)
				}
			}
		})
	}
	collecting.Go(func() {
		for add := range results {
			add()
		}
	})
	try := func(what, detail string, l *lossy, lost func(int) bool) {
		file, gone := l.without(lost)
		jobs <- func() (string, *losses) {
			n := &losses{asSeen: map[string]int{}, undecided: map[string]int{}}
			n.judge(l, l.name+", "+detail, file, gone)
			return what, n
		}
	}
	sliced := []string{"answers-twice.pcapng", "two-clients-one-name.pcapng", "b29-shift.pcap"}
	for _, path := range lossyFiles(t) {
		l := readLossy(t, path)
		// Of captures with violations, all are tried in every run, but for those of old releases.
		small := len(l.fails) > 0 && len(l.records) < 300 && !strings.HasPrefix(path, "releases")
		for k := 1; k <= len(l.records); k++ {
			if chosen() || small {
				try("single packets", fmt.Sprintf("without packet %d", k), l, func(p int) bool { return p == k })
			}
		}
		if slices.Contains(sliced, l.name) && !strings.HasPrefix(path, "driven") {
			for i := 1; i <= len(l.records); i++ {
				for j := i + 1; j <= len(l.records)+1; j++ {
					if chosen() {
						try("slices", fmt.Sprintf("packets %d to %d", i, j-1), l, func(p int) bool { return p < i || p >= j })
					}
				}
			}
		}
		for seed := range uint64(100) {
			if !chosen() {
				continue
			}
			dice := rand.New(rand.NewPCG(seed, 5))
			try("one in twenty lost", fmt.Sprintf("seed %d", seed), l, func(int) bool { return dice.IntN(20) == 0 })
		}
	}
	close(jobs)
	group.Wait()
	close(results)
	collecting.Wait()
	for _, what := range slices.Sorted(maps.Keys(sums)) {
		sums[what].report(t, what)
	}
}
