package config

import (
	"bytes"
	_ "embed" // the schema
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Name is that of the file which is read if none is named, in the working directory.
const Name = "ikc-conform.yaml"

// MaxSize bounds a file that is read, in octets.
const MaxSize = 1 << 20

// Schema is the JSON Schema of a file.
//
//go:embed schema.json
var Schema []byte

// Commands are those that a file has a section for.
func Commands() []string { return []string{"run", "matrix", "check"} }

// shared are the flags that stand at the top of a file, for each command that has them.
var shared = []string{"baseline", "gate", "cells", "checks", "serializers"}

// File is what a file says.
type File struct {
	// Path is where it was read from.
	Path string
	// Targets are those of run and matrix if the command line has none.
	Targets []string
	flags   map[string][]Flag // by command; those of "" are for all
}

// Flag is a flag that a file sets: each of Values in turn.
type Flag struct {
	Name   string
	Values []string
	Line   int
	// List: the file has a list for it, of one value perhaps.
	List bool
	// Shared: it stands at the top, and a command that has no such flag passes it over.
	Shared bool
}

// Flags are those for a command, in the order of the file, its own behind the shared ones.
func (f *File) Flags(command string) []Flag {
	return append(slices.Clone(f.flags[""]), f.flags[command]...)
}

// Read reads a file. Its errors say in which line something else was expected.
func Read(path string) (*File, error) {
	r, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, err
	}
	if len(b) > MaxSize {
		return nil, fmt.Errorf("%s: expected at most %d octets", path, MaxSize)
	}
	return parse(path, b)
}

// parse reads what is in a file.
func parse(path string, b []byte) (*File, error) {
	f := &File{Path: path, flags: map[string][]Flag{}}
	var doc yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(b))
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF): // there is nothing in it
		return f, nil
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if dec.Decode(new(yaml.Node)) != io.EOF {
		return nil, fmt.Errorf("%s: expected one document, got more", path)
	}
	err := f.pairs(doc.Content[0], func(key string, line int, value *yaml.Node) (err error) {
		switch {
		case key == "targets":
			f.Targets, err = f.values(key, value)
		case slices.Contains(shared, key):
			flag := Flag{Name: key, Line: line, List: value.Kind == yaml.SequenceNode, Shared: true}
			flag.Values, err = f.values(key, value)
			f.flags[""] = append(f.flags[""], flag)
		case slices.Contains(Commands(), key):
			err = f.pairs(value, func(name string, line int, value *yaml.Node) (err error) {
				flag := Flag{Name: name, Line: line, List: value.Kind == yaml.SequenceNode}
				flag.Values, err = f.values(key+"."+name, value)
				f.flags[key] = append(f.flags[key], flag)
				return err
			})
		default:
			err = f.wrong(line, "%q: expected targets, %s, or a command: %s", key, strings.Join(shared, ", "), strings.Join(Commands(), ", "))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// wrong says where something is wrong.
func (f *File) wrong(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", f.Path, line, fmt.Sprintf(format, args...))
}

// pairs reads a mapping, each key of which may stand once.
func (f *File) pairs(n *yaml.Node, each func(key string, line int, value *yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return f.wrong(n.Line, "expected keys with values, such as gate: must")
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || seen[key.Value] {
			return f.wrong(key.Line, "%q: expected the name of a key, each once", key.Value)
		}
		seen[key.Value] = true
		if err := each(key.Value, key.Line, n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// values reads a value, or a list of values.
func (f *File) values(key string, n *yaml.Node) (list []string, err error) {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	for _, item := range items {
		if item.Kind != yaml.ScalarNode || item.Tag == "!!null" {
			return nil, f.wrong(item.Line, "%s: expected a value, or a list of values", key)
		}
		list = append(list, item.Value)
	}
	return list, nil
}
