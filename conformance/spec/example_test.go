package spec_test

import (
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/spec"
)

func TestExamplesAreComplete(t *testing.T) {
	examples, err := spec.Examples()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks.Catalogue() {
		e, ok := examples[c.ID]
		// A frame that a driver's log leads to is named; it is shown with no exchange.
		if !ok || e.Capture == "" || e.Where == "" || len(e.Lines) == 0 && !c.ByDriver() {
			t.Errorf("%s: expected an example with where it is from, got %+v; 'make examples' takes those that no capture shows", c.ID, e)
		}
		delete(examples, c.ID)
	}
	for id := range examples {
		t.Errorf("%s: an example of a check that does not exist", id)
	}
}
