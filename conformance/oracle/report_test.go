package oracle_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/mutants/server"
	"github.com/perl-ikc/ikc-conform/conformance/oracle"
)

// cells are what a run left: a capture, and a cell that was not tried.
func cells(capture, skipped string, err error) []*cell.Result {
	return []*cell.Result{
		{Cell: cell.Cell{Role: cell.AsServer, Dialect: cell.IKC0}, Capture: capture},
		{Cell: cell.Cell{Role: cell.AsServer, Dialect: cell.IKC}, Skipped: skipped, Err: err},
	}
}

// TestReport: what is different is counted and told, what was not compared with the reason; as
// text, and as JSON that keeps the schema.
func TestReport(t *testing.T) {
	right := &cell.TargetResult{Target: "right", Cells: cells(serve(t, nil), "it does not speak it", nil)}
	wrong := &cell.TargetResult{Target: "wrong", Cells: cells(serve(t, server.Find("error without is_error")), "", errors.New("no target"))}
	r := oracle.NewReport("right")
	add := func(target, with *cell.TargetResult) {
		t.Helper()
		if err := r.Add(t.Context(), target, with); err != nil {
			t.Fatal(err)
		}
	}
	add(wrong, right)
	add(right, right)
	if r.Compared != 2 || r.Different == 0 || len(r.Targets) != 2 || len(r.Targets[0].Cells[0].Differences) != r.Different {
		t.Errorf("expected two comparisons of which the first finds all that is different, got %+v", r)
	}
	text := written(t, r.WriteText)
	for _, want := range []string{
		"wrong, and right as the oracle\n", "server, IKC: not compared; no target; it does not speak it\n", "    + right: ",
		"right, and right as the oracle\n\nserver, IKC0: connections that differ: 0\n", "Connections that differ, in all: ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("expected %q in\n%s", want, text)
		}
	}
	stored := written(t, r.WriteJSON)
	if err := validate(t, stored); err != nil || !strings.Contains(stored, `"target_offset": `) {
		t.Errorf("expected differences that keep the schema, got %v in\n%s", err, stored)
	}
	if err := validate(t, strings.Replace(stored, `"role": "server"`, `"role": "waiter"`, 1)); err == nil {
		t.Error("expected the schema to refuse a role that is none")
	}

	same := oracle.NewReport("right")
	if err := same.Add(t.Context(), right, right); err != nil {
		t.Fatal(err)
	}
	none := oracle.NewReport("right")
	if err := none.Add(t.Context(), &cell.TargetResult{Cells: right.Cells[1:]}, &cell.TargetResult{Cells: right.Cells[1:]}); err != nil {
		t.Fatal(err)
	}
	for want, r := range map[string]*oracle.Report{"\nNo difference.\n": same, "\nNothing was compared.\n": none} {
		if text := written(t, r.WriteText); !strings.HasSuffix(text, want) {
			t.Errorf("expected it to end with %q, got\n%s", want, text)
		}
		if err := validate(t, written(t, r.WriteJSON)); err != nil {
			t.Errorf("%s: expected it to keep the schema: %v", want, err)
		}
	}
}

func written(t *testing.T, write func(w io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func validate(t *testing.T, stored string) error {
	t.Helper()
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(oracle.Schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(oracle.SchemaID, schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile(oracle.SchemaID)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(stored))
	if err != nil {
		return err
	}
	return compiled.Validate(doc)
}

// TestInterruptedReport: what was not compared, because that was interrupted, says so.
func TestInterruptedReport(t *testing.T) {
	capture := serve(t, nil)
	many := new(cell.TargetResult)
	for range 1000 { // which take some seconds
		many.Cells = append(many.Cells, &cell.Result{Cell: cell.Cell{Role: cell.AsServer, Dialect: cell.IKC0}, Capture: capture})
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("somebody had enough"))
	r := oracle.NewReport("right")
	if err := r.Add(ctx, many, many); err != nil {
		t.Fatal(err)
	}
	last := r.Targets[0].Cells[len(many.Cells)-1]
	if r.Compared == 0 || last.NotCompared != "somebody had enough" {
		t.Errorf("%d compared, the last %q: expected some, and that the last says why not", r.Compared, last.NotCompared)
	}
}
