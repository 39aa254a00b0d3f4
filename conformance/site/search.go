package site

import (
	"bytes"
	"encoding/json"
	"strings"
)

// found is what a search can find: a place, its title, its kind, and the words that lead to it.
type found struct{ link, title, kind, text string }

// find adds to what a search can find.
func (m *maker) find(link, title, kind, text string) {
	m.index = append(m.index, found{link, title, kind, strings.Join(strings.Fields(text), " ")})
}

// searchIndex is the index as a script, since a page that is read from a disk may load no other
// data: a list of [link, title, kind, text].
func (m *maker) searchIndex() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("\"use strict\";\nconst ikcIndex = [\n")
	for _, f := range m.index {
		line, err := json.Marshal([]string{f.link, f.title, f.kind, f.text})
		if err != nil {
			return nil, err
		}
		b.Write(line)
		b.WriteString(",\n")
	}
	b.WriteString("];\n")
	return b.Bytes(), nil
}
