package site

import (
	"io/fs"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/conformance/release"
)

type (
	matrixView struct {
		Releases, Perls tableView
		Deviating       []releaseView
		Others          known.Deviations
	}
	// releaseView is a release of the original, and what is known of it.
	releaseView struct {
		Name       string
		Deviations known.Deviations
	}
	// tableView is what 'ikc-conform matrix' printed: a table, and the text before and after it.
	tableView struct {
		Text, Before, After string
		Roles               []roleView
		Dialects            []string
		Targets             []targetView
	}
	// roleView is the head of the columns of a role.
	roleView struct {
		Name    string
		Columns int
	}
	// targetView has a line for each serializer.
	targetView struct {
		Name       string
		Rows       []rowView
		Deviations known.Deviations
	}
	rowView struct {
		Serializer string
		Cells      []string
	}
)

// Columns are how many there are.
func (v tableView) Columns() int { return 1 + len(v.Dialects) }

// matrix makes the page of releases and Perls.
func (m *maker) matrix(repository fs.FS) error {
	deviations, err := known.Load()
	if err != nil {
		return err
	}
	var v matrixView
	for path, table := range map[string]*tableView{"captures/releases/matrix.txt": &v.Releases, "captures/perls/matrix.txt": &v.Perls} {
		b, err := fs.ReadFile(repository, path)
		if err != nil {
			return err
		}
		*table = readTable(strings.TrimRight(string(b), "\n"), deviations)
	}
	for _, name := range release.AllReleases().Names() {
		if !strings.Contains(v.Releases.Text, "perl@"+name+" ") {
			continue // it was not tried
		}
		v.Deviating = append(v.Deviating, releaseView{name, of(deviations, release.Implementation, name)})
	}
	for _, d := range deviations {
		if d.Implementation != release.Implementation {
			v.Others = append(v.Others, d)
		}
	}
	m.find("matrix.html#releases", "The matrix of releases", "page", v.Releases.Text)
	m.find("matrix.html#perls", "The matrix of Perls", "page", v.Perls.Text)
	return m.filled("matrix.html", "matrix", show{Title: "Releases and Perls"}, v)
}

// of are the deviations of a release of an implementation.
func of(all known.Deviations, implementation, name string) (list known.Deviations) {
	for _, d := range all {
		if d.Has(implementation, name) {
			list = append(list, d)
		}
	}
	return list
}

// tableHead begins the second line of the head of the table, perlsHead that of the list of Perls.
const (
	tableHead = "target "
	perlsHead = "NAME "
)

// readTable finds the table in a text. If there is none, all is text before it.
func readTable(text string, deviations known.Deviations) tableView {
	v := tableView{Text: text, Before: text}
	lines := strings.Split(text, "\n")
	perls := map[string]string{} // versions by name, such as 5.36
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line, perlsHead):
			for _, perl := range lines[i+1:] {
				words := strings.Fields(perl)
				if len(words) < 2 {
					break
				}
				version := strings.SplitN(words[1], ".", 3)
				perls[words[0]] = strings.Join(version[:min(2, len(version))], ".")
			}
		case i > 0 && strings.HasPrefix(line, tableHead):
			v.Before = strings.TrimRight(strings.Join(lines[:i-1], "\n"), "\n")
			v.After = strings.TrimLeft(strings.Join(v.rows(lines[i-1], line, lines[i+1:]), "\n"), "\n")
			for n := range v.Targets {
				v.Targets[n].known(deviations, perls)
			}
			return v
		}
	}
	return v
}

// rows reads the table below its head, whose words stand where columns begin, and returns the lines
// behind it.
func (v *tableView) rows(roles, head string, lines []string) []string {
	at := columns(head)
	v.Dialects = strings.Fields(head)[2:]
	first := columns(roles)
	for n, role := range strings.Fields(roles) {
		r := roleView{Name: role}
		for _, column := range at[2:] {
			if column >= first[n] && (n+1 == len(first) || column < first[n+1]) {
				r.Columns++
			}
		}
		v.Roles = append(v.Roles, r)
	}
	for i, line := range lines {
		if line == "" {
			return lines[i:]
		}
		var cells []string
		for n, column := range at {
			end := len(line)
			if n+1 < len(at) {
				end = min(end, at[n+1])
			}
			cells = append(cells, strings.TrimSpace(line[min(column, end):end]))
		}
		if cells[0] != "" || len(v.Targets) == 0 {
			v.Targets = append(v.Targets, targetView{Name: cells[0]})
		}
		t := &v.Targets[len(v.Targets)-1]
		t.Rows = append(t.Rows, rowView{cells[1], cells[2:]})
	}
	return nil
}

// columns are where the words of a line begin.
func columns(line string) (at []int) {
	for i := range line {
		if line[i] != ' ' && (i == 0 || line[i-1] == ' ') {
			at = append(at, i)
		}
	}
	return at
}

// known finds what is known of a target: of its release, and of its Perl.
func (t *targetView) known(deviations known.Deviations, perls map[string]string) {
	name, ok := strings.CutPrefix(t.Name, "perl@")
	if !ok {
		return
	}
	name, perl, _ := strings.Cut(name, "/")
	t.Deviations = of(deviations, release.Implementation, name)
	if version := perls[perl]; version != "" {
		t.Deviations = append(t.Deviations, of(deviations, "perl", version)...)
	}
}
