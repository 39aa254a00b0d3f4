package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/reference/dumper"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// maxInput bounds what is read of a file or of standard input for one value, in octets.
const maxInput = 256 << 20

// valueHelp says how values are written.
const valueHelp = `
VALUE becomes ARG0 of the state; without one it is undef. It is JSON, or Perl data as Data::Dumper writes it
({name => 'x', list => [1, undef], raw => "\xff", object => bless({}, 'Some::Class')}); what is valid JSON is
taken as that. @FILE reads it from a file, - from standard input. --input says which it is: json, perl,
typed (the typed JSON of the driver protocol, for every kind of Perl value), text (a string as it stands)
or bytes (the same, but @FILE may hold any octets). In JSON, strings beyond ASCII get Perl's UTF-8 flag.`

// valueInput is how the commands for people take values.
type valueInput struct{ format string }

func (v *valueInput) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&v.format, "input", "auto", "what VALUE is written in: auto (JSON, else Perl), json, perl, typed, text, bytes")
}

// read makes a value of the arguments behind the target.
func (v *valueInput) read(cmd *cobra.Command, args []string) (*perl.Value, error) {
	switch v.format {
	case "auto", "json", "perl", "typed", "text", "bytes":
	default:
		return nil, fmt.Errorf("--input %q: expected auto, json, perl, typed, text or bytes", v.format)
	}
	if len(args) == 0 {
		return perl.NewUndef(), nil
	}
	source, text := "VALUE", []byte(args[0])
	var err error
	switch path, isFile := strings.CutPrefix(args[0], "@"); {
	case args[0] == "-":
		source = "standard input"
		text, err = readBounded(cmd.InOrStdin(), source)
	case isFile:
		source = path
		text, err = readFile(path)
	}
	if err != nil {
		return nil, broken(err)
	}
	value, err := parseValue(v.format, text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	return value, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("@FILE: %w", err)
	}
	defer f.Close()
	return readBounded(f, path)
}

func readBounded(r io.Reader, name string) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	if err == nil && len(text) > maxInput {
		err = fmt.Errorf("%s: expected at most %d MiB for one value, got more", name, maxInput>>20)
	}
	return text, err
}

func parseValue(format string, text []byte) (*perl.Value, error) {
	switch format {
	case "json":
		return fromJSON(text)
	case "perl":
		return fromPerl(text)
	case "typed":
		return typed.Decode(text)
	case "text":
		return fromString(string(text)), nil
	case "bytes":
		return perl.NewBytes(string(text)), nil
	}
	value, notJSON := fromJSON(text)
	if notJSON == nil {
		return value, nil
	}
	value, notPerl := fromPerl(text)
	if notPerl == nil {
		return value, nil
	}
	return nil, fmt.Errorf("neither JSON nor Perl data\n  as JSON: %w\n  as Perl: %w\n"+
		"  a plain string needs quotes of its own ('\"text\"'), or --input text", notJSON, notPerl)
}

// fromJSON keeps the order of the keys, which encoding/json's maps do not.
func fromJSON(text []byte) (*perl.Value, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	v, err := jsonValue(dec, 0)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("JSON ends too early, after %d octets", len(text))
	case err != nil:
		return nil, fmt.Errorf("octet %d: %w", dec.InputOffset(), err)
	}
	at := dec.InputOffset()
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("octet %d: expected one value, got more after it", at)
	}
	return v, nil
}

func jsonValue(dec *json.Decoder, depth int) (*perl.Value, error) {
	if depth > typed.MaxDepth {
		return nil, fmt.Errorf("expected no more than %d levels", typed.MaxDepth)
	}
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case nil:
		return perl.NewUndef(), nil
	case bool:
		return perl.NewBool(t), nil
	case string:
		return fromString(t), nil
	case json.Number:
		return fromNumber(t)
	}
	if token == json.Delim('[') {
		list := perl.NewArray()
		for dec.More() {
			e, err := jsonValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			list.Append(e)
		}
		_, err = dec.Token()
		return perl.NewRef(list), err
	}
	hash := perl.NewHash()
	seen := map[string]bool{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name, _ := key.(string)
		if seen[name] {
			return nil, fmt.Errorf("expected each key once, got %q again", name)
		}
		seen[name] = true
		e, err := jsonValue(dec, depth+1)
		if err != nil {
			return nil, err
		}
		if isASCII(name) {
			hash.AppendPair(perl.P(name, e))
		} else {
			hash.AppendPair(perl.TextPair(name, e))
		}
	}
	_, err = dec.Token()
	return perl.NewRef(hash), err
}

func fromNumber(n json.Number) (*perl.Value, error) {
	s := n.String()
	if !strings.ContainsAny(s, ".eE") {
		// Integers as Perl's are, and beyond that, doubles.
		if v, err := fromPerl([]byte(s)); err == nil {
			return v, nil
		}
	}
	f, err := n.Float64()
	if err != nil {
		return nil, fmt.Errorf("expected a number that a double can hold, got %s", s)
	}
	return perl.NewDouble(f), nil
}

func fromString(s string) *perl.Value {
	if isASCII(s) {
		return perl.NewBytes(s)
	}
	return perl.NewText(s)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

const dumperVariable = "$VAR1"

// fromPerl reads a literal, or what Data::Dumper prints: with "$VAR1 =" before it.
func fromPerl(text []byte) (*perl.Value, error) {
	codec, err := dumper.Options{Variable: dumperVariable, MaxDepth: typed.MaxDepth}.Codec()
	if err != nil {
		return nil, err
	}
	given := strings.TrimSpace(string(text))
	if given == "" {
		return nil, errors.New("expected a value, got nothing")
	}
	prefix := ""
	if !strings.HasPrefix(given, dumperVariable) {
		prefix = dumperVariable + "="
		given = strings.TrimSuffix(given, ";")
	}
	if !strings.HasSuffix(given, ";") {
		given += ";"
	}
	v, err := codec.Thaw([]byte(prefix + given))
	var wrong *dumper.Error
	if errors.As(err, &wrong) {
		return nil, fmt.Errorf("octet %d: %w: expected %s, got %s", max(wrong.Offset-len(prefix), 0), wrong.Err, wrong.Expected, wrong.Got)
	}
	return v, err
}
