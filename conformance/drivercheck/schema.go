package drivercheck

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
)

// Validator holds conversations against the schema of the protocol. Its Tap may be given to several
// drivers, one after the other.
type Validator struct {
	compiler *jsonschema.Compiler
	id       string

	mu       sync.Mutex
	commands map[int64]string // that wait for an answer
	answered map[int64]bool
	lines    int
	faults   []string
}

// NewValidator compiles the schema.
func NewValidator() (*Validator, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(driver.Schema))
	if err != nil {
		return nil, fmt.Errorf("drivercheck: schema: %w", err)
	}
	id, _ := doc.(map[string]any)["$id"].(string)
	c := jsonschema.NewCompiler()
	if err := c.AddResource(id, doc); err != nil {
		return nil, fmt.Errorf("drivercheck: schema: %w", err)
	}
	v := &Validator{compiler: c, id: id, commands: map[int64]string{}, answered: map[int64]bool{}}
	if _, err := v.schema("from-driver"); err != nil {
		return nil, err
	}
	return v, nil
}

func (v *Validator) schema(def string) (*jsonschema.Schema, error) {
	s, err := v.compiler.Compile(v.id + "#/$defs/" + def)
	if err != nil {
		return nil, fmt.Errorf("drivercheck: schema: %w", err)
	}
	return s, nil
}

// Begin forgets the commands of the conversation before: ids start again.
func (v *Validator) Begin() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.commands, v.answered = map[int64]string{}, map[int64]bool{}
}

// Tap takes a line. What is wrong with those of the driver is kept.
func (v *Validator) Tap(l driver.Line) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !l.FromDriver {
		var c struct {
			ID  *int64 `json:"id"`
			Cmd string `json:"cmd"`
		}
		if json.Unmarshal(l.Text, &c) == nil && c.ID != nil { // others are sent to be refused
			v.commands[*c.ID] = c.Cmd
		}
		return
	}
	v.lines++
	if err := v.line(l.Text); err != nil {
		v.faults = append(v.faults, fmt.Sprintf("%s: %v", shorten(string(l.Text), 200), err))
	}
}

// Line holds one line of either side against the schema, an answer by its general form.
func (v *Validator) Line(text []byte, fromDriver bool) error {
	if fromDriver {
		return v.validate("from-driver", text)
	}
	return v.validate("command", text)
}

func (v *Validator) line(text []byte) error {
	if err := v.validate("from-driver", text); err != nil {
		return err
	}
	var a struct {
		ID *int64          `json:"id"`
		OK json.RawMessage `json:"ok"`
	}
	if err := json.Unmarshal(text, &a); err != nil || a.ID == nil || *a.ID == 0 {
		return err
	}
	command, asked := v.commands[*a.ID]
	switch {
	case v.answered[*a.ID]:
		return fmt.Errorf("command %d has been answered before; expected exactly one answer", *a.ID)
	case !asked:
		return fmt.Errorf("there was no command %d", *a.ID)
	}
	v.answered[*a.ID] = true
	if a.OK == nil {
		return nil
	}
	if _, err := v.schema("ok-" + command); err != nil {
		return nil // of a command that is not ours
	}
	return v.validate("ok-"+command, a.OK)
}

func (v *Validator) validate(def string, text []byte) error {
	s, err := v.schema(def)
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	err = s.Validate(value)
	var invalid *jsonschema.ValidationError
	if errors.As(err, &invalid) {
		// The first line only names the schema.
		_, detail, _ := strings.Cut(invalid.Error(), "\n")
		return errors.New(strings.Join(strings.Fields(detail), " "))
	}
	return err
}

// Faults are what was wrong with the lines of the drivers, and how many lines there were.
func (v *Validator) Faults() (faults []string, lines int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]string(nil), v.faults...), v.lines
}

func shorten(s string, n int) string {
	if len(s) > n {
		return s[:n] + "..."
	}
	return s
}
