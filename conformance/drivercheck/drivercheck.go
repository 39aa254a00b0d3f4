// Package drivercheck tests drivers against the driver protocol (conformance/DRIVER.md): not the
// implementation that they drive, but whether the harness can rely on what they say.
package drivercheck

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// Starter starts the driver to test, with the options given. Every call starts one of its own.
type Starter func(ctx context.Context, opts driver.Options) (*driver.Driver, error)

// Outcome is what came of a check.
type Outcome string

// The outcomes.
const (
	Passed  Outcome = "passed"
	Failed  Outcome = "failed"
	Skipped Outcome = "skipped"
)

// Result is a check and what came of it.
type Result struct {
	ID          string
	Requirement string // as DRIVER.md has it
	Outcome     Outcome
	Expected    string `visible:"lines"`
	Actual      string `visible:"lines"` // or why it was skipped
}

// Report is what came of all.
type Report struct {
	Subject string
	Hello   *driver.Hello
	Results []Result
}

// DefaultLimit is how long a driver may take for each thing that it is asked for.
const DefaultLimit = 10 * time.Second

// failure is a check's finding.
type failure struct{ expected, actual string }

func (f *failure) Error() string { return "expected " + f.expected + ", got " + f.actual }

// skip is a check's word that it cannot be made.
type skip string

func (s skip) Error() string { return string(s) }

// subject is the driver under test.
type subject struct {
	start     Starter
	validator *Validator
	limit     time.Duration
	hello     *driver.Hello
}

// fresh starts a driver of its own for a check.
func (s *subject) fresh(ctx context.Context) (*driver.Driver, error) {
	s.validator.Begin()
	return s.start(ctx, driver.Options{Tap: s.validator.Tap})
}

// Run makes every check, with some time for each thing that the driver is asked for, DefaultLimit
// if 0. Its error says that the driver cannot be started; what is wrong with it is in the Report.
func Run(ctx context.Context, name string, start Starter, limit time.Duration) (*Report, error) {
	if limit <= 0 {
		limit = DefaultLimit
	}
	v, err := NewValidator()
	if err != nil {
		return nil, err
	}
	s := &subject{start: start, validator: v, limit: limit}
	d, err := s.fresh(ctx)
	if err != nil {
		return nil, err
	}
	first, cancel := context.WithTimeout(ctx, limit)
	hello, err := d.Hello(first)
	cancel()
	_ = d.Close()
	var gone *driver.ExitError
	if errors.As(err, &gone) && gone.Cause == nil {
		return nil, err // it ended, before it said anything of itself
	}
	r := &Report{Subject: name, Hello: hello}
	s.hello = hello
	for _, c := range checks() {
		if err := ctx.Err(); err != nil {
			return r, context.Cause(ctx)
		}
		res := Result{ID: c.id, Requirement: c.requirement, Outcome: Passed}
		err := err
		if hello == nil && c.id != helloCheck {
			err = skip("the driver does not answer hello")
		} else if hello != nil || c.id == helloCheck {
			err = s.run(ctx, c)
		}
		var f *failure
		var why skip
		switch {
		case err == nil:
		case errors.As(err, &why):
			res.Outcome, res.Actual = Skipped, string(why)
		case errors.As(err, &f):
			res.Outcome, res.Expected, res.Actual = Failed, f.expected, f.actual
		default:
			res.Outcome, res.Expected, res.Actual = Failed, c.expected, visible.Error(err)
		}
		r.Results = append(r.Results, res)
	}
	return r, nil
}

func (s *subject) run(ctx context.Context, c check) error {
	limit, cancel := context.WithTimeout(ctx, 6*s.limit)
	defer cancel()
	d, err := s.fresh(limit)
	if err != nil {
		return err
	}
	defer d.Close()
	return c.run(limit, s, d)
}

// Conformant tells whether no check failed.
func (r *Report) Conformant() bool { _, failed, _ := r.counts(); return failed == 0 }

func (r *Report) counts() (passed, failed, skipped int) {
	for _, res := range r.Results {
		switch res.Outcome {
		case Passed:
			passed++
		case Failed:
			failed++
		case Skipped:
			skipped++
		}
	}
	return
}

// WriteText writes the report for people.
func (r *Report) WriteText(w io.Writer) error {
	r = visible.Copy(r)
	var b strings.Builder
	b.WriteString(r.Subject)
	if h := r.Hello; h != nil {
		fmt.Fprintf(&b, ": %s for %s %s", h.Driver, h.Implementation, h.Release)
	}
	b.WriteString("\n\n")
	marks := map[Outcome]string{Passed: "✔", Failed: "×", Skipped: "-"}
	for _, res := range r.Results {
		fmt.Fprintf(&b, "  %s %s  %s\n", marks[res.Outcome], res.ID, res.Requirement)
		switch res.Outcome {
		case Failed:
			fmt.Fprintf(&b, "      expected: %s\n        actual: %s\n", indent(res.Expected), indent(res.Actual))
		case Skipped:
			fmt.Fprintf(&b, "       skipped: %s\n", indent(res.Actual))
		}
	}
	passed, failed, skipped := r.counts()
	verdict := "Conformant"
	if failed > 0 {
		verdict = "Not conformant"
	}
	fmt.Fprintf(&b, "\n%s: %d checks passed, %d failed, %d skipped.\n", verdict, passed, failed, skipped)
	return visible.Print(w, b.String())
}

func indent(s string) string {
	return strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n                ")
}
