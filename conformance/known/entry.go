package known

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
)

// place is where something is in a file: line and column, both from 1.
type place struct{ line, column int }

func (p place) String() string { return fmt.Sprintf("%d:%d", p.line, p.column) }

// placeOf is the place of an octet.
func placeOf(b []byte, offset int) place {
	before := b[:min(offset, len(b))]
	return place{bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1}
}

// entry is a deviation in a file.
type entry struct {
	at     place
	octets []byte
}

// form says what a file of deviations is.
const form = "a list of deviations in JSON, such as conformance/known/deviations.json, or [] for none"

// readEntries reads the list that a file is. Errors begin with the place.
func readEntries(b []byte) ([]entry, error) {
	var whole json.RawMessage
	var wrong *json.SyntaxError
	if err := json.Unmarshal(b, &whole); errors.As(err, &wrong) {
		at := max(int(wrong.Offset)-1, 0)
		switch rest := b[min(at, len(b)):]; {
		case len(bytes.TrimSpace(b)) == 0:
			return nil, fmt.Errorf("%v: expected %s, got nothing", place{1, 1}, form)
		case json.Valid(b[:at]):
			return nil, fmt.Errorf("%v: expected nothing behind the list, got %s", placeOf(b, at), first(rest))
		case strings.Contains(wrong.Error(), "unexpected end"):
			return nil, fmt.Errorf("%v: expected %s, got the end of the file before that of the list", placeOf(b, len(b)), form)
		default:
			return nil, fmt.Errorf("%v: expected %s, got %s, which is no JSON there", placeOf(b, at), form, first(rest))
		}
	} else if err != nil {
		return nil, fmt.Errorf("%v: %w", place{1, 1}, err)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	if open, err := dec.Token(); err != nil || open != json.Delim('[') {
		return nil, fmt.Errorf("%v: expected %s, got %s", placeOf(b, bytes.Index(b, bytes.TrimSpace(b))), form, kindOf(b))
	}
	var list []entry
	for dec.More() {
		from := int(dec.InputOffset())
		from += len(b[from:]) - len(bytes.TrimLeft(b[from:], " \t\r\n,"))
		var one json.RawMessage
		if err := dec.Decode(&one); err != nil {
			return nil, fmt.Errorf("%v: %w", placeOf(b, from), err)
		}
		list = append(list, entry{placeOf(b, from), one})
	}
	return list, nil
}

// first quotes what a text begins with.
func first(b []byte) string {
	r, _ := utf8.DecodeRune(b)
	return fmt.Sprintf("%q", r)
}

// kindOf names what a text in JSON is.
func kindOf(b []byte) string {
	switch b = bytes.TrimSpace(b); b[0] {
	case '[':
		return "a list"
	case '{':
		return "an object"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}

// field is what a field of a deviation takes.
type field struct {
	into any
	name string
}

// fields are those of a deviation.
func fields() map[string]field {
	text, list := field{new(string), "a string"}, field{new([]string), "a list of strings"}
	return map[string]field{"check": text, "implementation": text, "from": text, "to": text, "reason": text,
		"roles": list, "prevents": list, "sometimes": {new(bool), "true or false"}}
}

// read reads a deviation, and says what is wrong with it.
func (e entry) read(catalogue []*judge.Check) (d Deviation, err error) {
	has := map[string]json.RawMessage{}
	if err := json.Unmarshal(e.octets, &has); err != nil || kindOf(e.octets) == "null" {
		return d, fmt.Errorf("expected an object with check, implementation, from, to and reason, got %s", kindOf(e.octets))
	}
	takes := fields()
	for _, name := range slices.Sorted(maps.Keys(has)) {
		f, ok := takes[strings.ToLower(name)] // as encoding/json takes them
		if !ok {
			return d, fmt.Errorf("%q: expected %s", name, strings.Join(slices.Sorted(maps.Keys(takes)), ", "))
		}
		if err := json.Unmarshal(has[name], f.into); err != nil {
			return d, fmt.Errorf("%s: expected %s, got %s", name, f.name, got(has[name]))
		}
	}
	if err := json.Unmarshal(e.octets, &d); err != nil {
		return d, err
	}
	return d, d.sensible(catalogue)
}

// got names a value that is another than expected.
func got(b []byte) string {
	if kind := kindOf(b); kind != "a list" {
		return kind
	}
	return "a list with something else"
}

// sensible says what is wrong with a deviation as such.
func (d *Deviation) sensible(catalogue []*judge.Check) error {
	if !slices.ContainsFunc(catalogue, func(c *judge.Check) bool { return c.ID == d.Check }) {
		return fmt.Errorf("expected a check of the catalogue, got %q", d.Check)
	}
	if d.Reason == "" {
		return errors.New("expected a reason, got none")
	}
	if err := d.Releases.check(); err != nil {
		return err
	}
	for _, role := range d.Roles {
		if !slices.ContainsFunc(cell.Cells(), func(c cell.Cell) bool { return role == c.Role }) {
			return fmt.Errorf("roles: expected server, client or clientlite, got %q", role)
		}
	}
	for _, p := range d.Prevents {
		if !slices.ContainsFunc(cell.Cells(), func(c cell.Cell) bool { return p == string(c.Role)+"/"+string(c.Dialect) }) {
			return fmt.Errorf("prevents: expected role/dialect such as client/IKC0, got %q", p)
		}
	}
	return nil
}
