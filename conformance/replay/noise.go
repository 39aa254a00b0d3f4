package replay

import (
	"bytes"
	"crypto/sha256"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// What is kept to learn from.
const (
	maxLike      = 4096 // requests whose answers are kept
	maxLikeImage = 16 << 10
	maxLearned   = 4096 // places
)

// learner finds what differs in the recording itself: in answers to requests that are alike.
type learner struct {
	first map[[sha256.Size]byte][]byte // images of answers
	// types are what was seen at a place that differs, "" for nothing, by state and path.
	types map[string]map[string]bool
}

func newLearner() *learner {
	return &learner{map[[sha256.Size]byte][]byte{}, map[string]map[string]bool{}}
}

// add learns from an exchange.
func (l *learner) add(name string, x *dialogue.Exchange) {
	if x.Outcome() != dialogue.Replied || len(x.Answers) != 1 || len(x.Answers[0].Frame.Image)+len(x.Request.Frame.Image) > maxLikeImage {
		return
	}
	to := x.Request.To
	state := to.Session + "/" + to.State
	key := sha256.Sum256([]byte(state + "\x00" + perl.Format(x.Request.Params(), perl.FormatOptions{SortKeys: true})))
	first, ok := l.first[key]
	if !ok && len(l.first) < maxLike {
		l.first[key] = bytes.Clone(x.Answers[0].Frame.Image)
	}
	z := serializer(name)
	if !ok || z == nil {
		return
	}
	v, err := z.Thaw(first)
	if err != nil {
		return
	}
	for _, d := range compare.Values(v.Target().Get("params"), x.Answers[0].Params(), "") {
		place := state + " " + anyElement(d.Path)
		if l.types[place] == nil {
			if len(l.types) >= maxLearned {
				return
			}
			l.types[place] = map[string]bool{}
		}
		l.types[place][d.TypeA], l.types[place][d.TypeB] = true, true
	}
}

// anyElement is a path with * for elements of arrays.
func anyElement(path string) string {
	steps, err := compare.Steps(path)
	if err != nil {
		return path
	}
	for i, s := range steps {
		if s[0] == '[' {
			steps[i] = "[*]"
		}
	}
	return strings.Join(steps, "")
}

// allows tells whether a difference is of the kind that the recording has itself.
func (l *learner) allows(s *step, d compare.Difference) bool {
	types := l.types[s.to.Session+"/"+s.to.State+" "+anyElement(d.Path)]
	return s.kind == dialogue.Answer && types[d.TypeB]
}

// isTime tells whether a place holds the time: seconds since 1970, within a day of a moment.
func isTime(text string, at time.Time) bool {
	words := strings.Fields(text)
	if len(words) == 0 {
		return false
	}
	n, err := strconv.ParseFloat(strings.Trim(words[len(words)-1], "'"), 64)
	return err == nil && math.Abs(n-float64(at.Unix())) < (24*time.Hour).Seconds()
}
