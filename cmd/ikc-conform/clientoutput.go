package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/internal/visible"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// outputHelp says what an answer looks like.
const outputHelp = `
The answer is printed as Perl data; --output json prints JSON (classes, references to scalars and the like are
lost; a byte string that is not UTF-8 has one character an octet), --output typed the typed JSON that loses nothing.`

// valueOutput is how the commands for people print values.
type valueOutput struct{ format string }

func (o *valueOutput) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.format, "output", "perl", "how to print the answer: perl, json or typed")
}

func (o *valueOutput) check() error {
	switch o.format {
	case "perl", "json", "typed":
		return nil
	}
	return fmt.Errorf("--output %q: expected perl, json or typed", o.format)
}

// write prints a value; list is that of a call in list context.
func (o *valueOutput) write(w io.Writer, v *perl.Value, list []*perl.Value, isList bool) error {
	var line []byte
	var err error
	switch o.format {
	case "json":
		if isList {
			v = perl.ArrayRef(list...)
		}
		line, err = toJSON(v)
	case "typed":
		if isList {
			line, err = json.Marshal(typed.Wrap(list))
		} else {
			line, err = typed.Encode(v)
		}
	default:
		line = []byte(perlText(v))
		if isList {
			parts := make([]string, len(list))
			for i, e := range list {
				parts[i] = perlText(e)
			}
			line = []byte("(" + strings.Join(parts, ", ") + ")")
		}
	}
	if err != nil {
		return broken(fmt.Errorf("the answer came, but --output %s cannot show it: %w", o.format, err))
	}
	if o.format != "perl" {
		w = visible.JSON(w)
	}
	_, err = fmt.Fprintf(w, "%s\n", line)
	return broken(err)
}

// oneLine is how long Perl data may be, in octets, to stay on one line.
const oneLine = 78

func perlText(v *perl.Value) string {
	s := perl.Format(v, perl.FormatOptions{SortKeys: true})
	if len(s) > oneLine {
		s = perl.Format(v, perl.FormatOptions{SortKeys: true, Indent: "  "})
	}
	return s
}

// toJSON writes plain JSON, hashes by key.
func toJSON(v *perl.Value) ([]byte, error) {
	tree, err := (&plainJSON{inside: map[*perl.Value]bool{}}).value(v)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(tree); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

type plainJSON struct{ inside map[*perl.Value]bool }

var errCircle = errors.New("the value contains itself: use --output typed or perl")

func (p *plainJSON) value(v *perl.Value) (any, error) {
	switch v.Kind() {
	case perl.Undef:
		return nil, nil
	case perl.Int:
		return v.Int(), nil
	case perl.Uint:
		return v.Uint(), nil
	case perl.Bool:
		return v.Bool(), nil
	case perl.Double:
		if f := v.Double(); !math.IsInf(f, 0) && !math.IsNaN(f) {
			return f, nil
		}
		s, _ := v.AsString()
		return s, nil
	case perl.Text:
		return v.Str(), nil
	case perl.Bytes, perl.Code, perl.Regexp, perl.VString, perl.Hooked:
		return jsonString(v.Str()), nil
	}
	if p.inside[v] {
		return nil, errCircle
	}
	if len(p.inside) > typed.MaxDepth {
		return nil, fmt.Errorf("it nests deeper than %d levels", typed.MaxDepth)
	}
	p.inside[v] = true
	defer delete(p.inside, v)
	switch v.Kind() {
	case perl.Array:
		list := make([]any, len(v.Elems()))
		for i, e := range v.Elems() {
			var err error
			if list[i], err = p.value(e); err != nil {
				return nil, err
			}
		}
		return list, nil
	case perl.Hash:
		hash := make(map[string]any, len(v.Pairs()))
		for _, pair := range v.Pairs() {
			if pair.Flags&perl.KeyPlaceholder != 0 {
				continue
			}
			e, err := p.value(pair.Value)
			if err != nil {
				return nil, err
			}
			hash[pair.Name()] = e
		}
		return hash, nil
	}
	return p.value(v.Target()) // a reference, or what is tied
}

func jsonString(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return perl.FromLatin1(s)
}
