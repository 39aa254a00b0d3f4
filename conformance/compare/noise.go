package compare

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Noise names what may differ: times, ids, counters. A nil Noise is none. It is written as lines,
// of which each names a session and state, what it is about and a path, with blanks between them:
//
//	svc/status answer {'time'}
//	*/*        params [*]{'id'}
//	svc/list   answer [0]           # and all that is below
//
// A * stands for any session, state, element, key or part: params, answer, error. A path that
// begins with ... is met at any depth. What begins with # is a comment.
type Noise struct{ rules []rule }

type rule struct {
	session, state, part string
	steps                []string
	anywhere             bool
}

// maxRules bounds the lines of noise.
const maxRules = 10_000

// ReadNoise reads what may differ. An error names the line, what was expected and what came.
func ReadNoise(r io.Reader) (*Noise, error) {
	n := new(Noise)
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		text, _, _ := strings.Cut(lines.Text(), " #")
		text = strings.TrimSpace(text)
		if text == "" || text[0] == '#' {
			continue
		}
		next, err := parseRule(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if n.rules = append(n.rules, next); len(n.rules) > maxRules {
			return nil, fmt.Errorf("line %d: expected at most %d lines that name something", number, maxRules)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("expected lines of at most %d octets: %w", bufio.MaxScanTokenSize, err)
	}
	return n, nil
}

func parseRule(text string) (rule, error) {
	const form = "expected SESSION/STATE PART PATH, such as: svc/status answer {'time'}"
	where, rest, _ := strings.Cut(text, " ")
	session, state, ok := strings.Cut(where, "/")
	part, path, is := strings.Cut(strings.TrimSpace(rest), " ")
	if !ok || !is {
		return rule{}, fmt.Errorf("%s; got %q", form, text)
	}
	r := rule{session: session, state: state, part: part}
	switch part {
	case "params", "answer", "error", "*":
	default:
		return rule{}, fmt.Errorf("%s, with params, answer, error or * as PART; got %q", form, part)
	}
	path, r.anywhere = strings.CutPrefix(strings.TrimSpace(path), "...")
	steps, err := Steps(path)
	if err != nil {
		return rule{}, err
	}
	r.steps = steps
	return r, nil
}

// Steps are the pieces of a path, such as [0] and {'key'}. An error says what is no piece.
func Steps(path string) (out []string, err error) {
	for path != "" {
		end := 0
		switch path[0] {
		case '[':
			end = strings.IndexByte(path, ']') + 1
		case '{':
			end = keyEnd(path)
		}
		if end <= 0 {
			return nil, fmt.Errorf("expected a path of pieces such as [0], [*], {'key'} and {*}, got %q", path)
		}
		out, path = append(out, path[:end]), path[end:]
	}
	return out, nil
}

// keyEnd is where the piece of a key ends, 0 if it does not.
func keyEnd(path string) int {
	if strings.HasPrefix(path, "{*}") {
		return len("{*}")
	}
	if len(path) < 4 || path[1] != '\'' && path[1] != '"' {
		return 0
	}
	for i := 2; i < len(path)-1; i++ {
		switch path[i] {
		case '\\':
			i++
		case path[1]:
			if path[i+1] == '}' {
				return i + 2
			}
			return 0
		}
	}
	return 0
}

// Allows tells whether a place may differ. steps are those of its path behind the part: params,
// answer or error.
func (n *Noise) Allows(session, state, part string, steps []string) bool {
	if n == nil {
		return false
	}
	for _, r := range n.rules {
		if is(r.session, session) && is(r.state, state) && is(r.part, part) && r.covers(steps) {
			return true
		}
	}
	return false
}

func is(pattern, name string) bool { return pattern == "*" || pattern == name }

// covers tells whether a rule is about a place or one above it.
func (r rule) covers(steps []string) bool {
	last := 0
	if r.anywhere {
		last = len(steps) - len(r.steps)
	}
	for from := 0; from <= last; from++ {
		if r.begins(steps[from:]) {
			return true
		}
	}
	return false
}

func (r rule) begins(steps []string) bool {
	if len(steps) < len(r.steps) {
		return false
	}
	for i, s := range r.steps {
		if s != steps[i] && (len(s) != 3 || s[1] != '*' || s[0] != steps[i][0]) {
			return false
		}
	}
	return true
}
