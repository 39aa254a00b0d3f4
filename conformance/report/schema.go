package report

import (
	"bytes"
	_ "embed" // schema.json
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// SchemaID names the schema of stored runs.
const SchemaID = "https://github.com/perl-ikc/ikc-conform/conformance/report/schema.json"

// Schema is the JSON Schema (draft 2020-12) of stored runs.
//
//go:embed schema.json
var Schema []byte

var compiled = sync.OnceValues(func() (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(SchemaID, doc); err != nil {
		return nil, err
	}
	return c.Compile(SchemaID)
})

// Validate holds JSON against Schema. What does not keep it is an error that says where, and wraps
// ErrStored.
func Validate(stored []byte) error {
	schema, err := compiled()
	if err != nil {
		return fmt.Errorf("report: schema: %w", err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(stored))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrStored, err)
	}
	err = schema.Validate(doc)
	var invalid *jsonschema.ValidationError
	if errors.As(err, &invalid) {
		for len(invalid.Causes) > 0 {
			invalid = invalid.Causes[0]
		}
		place := "the top"
		if len(invalid.InstanceLocation) > 0 {
			place = "/" + strings.Join(invalid.InstanceLocation, "/")
		}
		return fmt.Errorf("%w: at %s: %s", ErrStored, place, invalid.ErrorKind.LocalizedString(message.NewPrinter(language.English)))
	}
	return err
}
