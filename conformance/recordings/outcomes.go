package recordings

import (
	"fmt"
	"path"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// OutcomesFile is the table of what every check says of every capture, in the directory of the
// captures.
const OutcomesFile = "outcomes.txt"

// Dirs are the directories with captures, below that of all captures.
var Dirs = []string{"", "driven", "releases", "perls", "broken"}

// marks are how the table shows outcomes.
var marks = map[judge.Outcome]byte{judge.Pass: '+', judge.Seen: '~', judge.Inconclusive: '.', judge.Known: 'k',
	judge.Fail: 'F', judge.Skipped: '-'}

// Outcomes judges the captures of a directory and makes the table of what came of it: a column for
// each capture, a line for each check and side. A new check adds lines, a new capture a column.
func Outcomes(dir string) (string, error) {
	list, err := known.Load()
	if err != nil {
		return "", err
	}
	rows := map[string][]byte{}
	var head, body strings.Builder
	head.WriteString("What every check says of every capture: + pass, . the capture does not show it, k known deviation, F fail.\nMade by 'make rejudge'. The columns, from left to right:\n\n")
	columns := 0
	for _, below := range Dirs {
		sidecars, err := Load(path.Join(dir, below))
		if err != nil {
			return "", err
		}
		for _, s := range sidecars {
			f, err := judge.File(path.Join(dir, below, s.Capture), checks.Catalogue(), dialogue.Options{})
			if err != nil {
				return "", err
			}
			if err := f.Failed(); err != nil {
				return "", fmt.Errorf("%s: %w", s.Capture, err)
			}
			fmt.Fprintf(&head, "  %3d  %s\n", columns+1, path.Join(below, s.Capture))
			for side, of := range s.Outcomes(f, list) {
				for id, outcome := range of {
					row := rows[id+" "+side]
					if row == nil {
						row = []byte(strings.Repeat(" ", columns))
					}
					rows[id+" "+side] = append(row, marks[outcome])
				}
			}
			columns++
		}
	}
	for _, c := range checks.Catalogue() {
		for _, side := range []wire.Role{wire.Server, wire.Client} {
			if row := rows[c.ID+" "+side.String()]; row != nil {
				fmt.Fprintf(&body, "%-11s  %s  %s\n", c.ID, side, row)
			}
		}
	}
	return head.String() + "\n" + body.String(), nil
}
