package anonymise

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/diagnosis"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
)

// Differences are in what two captures are judged otherwise, or have other diagnoses: verdicts with
// their evidence and where their findings are, and what was noticed, how often and where. The words
// of findings are not compared, nor the numbers of packets.
func Differences(in, out *judge.Judgement) (list []string) {
	list = differ(list, ofVerdict, verdicts(in), verdicts(out))
	list = differ(list, ofNotice, notices(in), notices(out))
	if a, b := fmt.Sprint(in.Connections, in.Looked), fmt.Sprint(out.Connections, out.Looked); a != b {
		list = append(list, fmt.Sprintf("connections of IKC and in all: %s became %s", a, b))
	}
	return list
}

// What a difference begins with: the id comes next.
const (
	ofVerdict = "verdict"
	ofNotice  = "diagnosis"
)

// subject is the id of the check, or of the notice, that a difference is about.
func subject(difference string) (id string, verdict, notice bool) {
	words := strings.Fields(difference)
	if len(words) < 2 {
		return "", false, false
	}
	return strings.TrimSuffix(words[1], ":"), words[0] == ofVerdict, words[0] == ofNotice
}

// Prove notes what two captures are judged otherwise.
func (r *Result) Prove(in, out *judge.Judgement) {
	r.Verdicts, r.Diagnoses = len(in.Verdicts), len(in.Noticed)
	r.Differences = append(r.Differences, Differences(in, out)...)
}

// differ compares what is known by names.
func differ(list []string, what string, in, out map[string]string) []string {
	var names []string
	for name := range in {
		names = append(names, name)
	}
	for name := range out {
		if _, both := in[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		a, b := in[name], out[name]
		if a == b {
			continue
		}
		list = append(list, fmt.Sprintf("%s %s: %s became %s", what, name, orNone(a), orNone(b)))
	}
	return list
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func verdicts(j *judge.Judgement) map[string]string {
	all := map[string]string{}
	for _, v := range j.Verdicts {
		text := fmt.Sprintf("%v of %d", v.Outcome, v.Evidence)
		for _, f := range v.Findings {
			text += fmt.Sprintf(", connection %d", f.Connection)
		}
		if v.More > 0 {
			text += fmt.Sprintf(" and %d more", v.More)
		}
		all[fmt.Sprintf("%s of the %v", v.Check.ID, v.Side)] = text
	}
	return all
}

func notices(j *judge.Judgement) map[string]string {
	all := map[string][]string{}
	for _, f := range j.Noticed {
		all[f.ID] = append(all[f.ID], notice(f))
	}
	out := map[string]string{}
	for id, list := range all {
		slices.Sort(list) // things of other names stand in another order
		out[id] = fmt.Sprint(list)
	}
	return out
}

func notice(f *diagnosis.Finding) string {
	text := fmt.Sprintf("%v %d times on %d", f.Severity, f.Count, f.Connections)
	if f.Because != "" {
		text += " because of " + f.Because
	}
	for _, p := range f.First {
		text += fmt.Sprintf(", connection %d %s #%d", p.Connection, p.Side, p.Frame)
	}
	return text
}
