package model_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/model"
	"github.com/perl-ikc/ikc-conform/conformance/refdriver"
)

func reference(ctx context.Context, _ int) (model.Driver, error) {
	return refdriver.Start(ctx, refdriver.Config{}, driver.Options{}), nil
}

// TestReference: the reference does what the model says.
func TestReference(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	if err := model.Check(ctx, model.Config{Seed: 1, Runs: 30, Start: reference, Dir: t.TempDir()}); err != nil {
		t.Error(err)
	}
}

// forgetful is a kernel with a defect: what it is told to retract stays published.
type forgetful struct{ model.Driver }

func (forgetful) Retract(context.Context, string, ...string) error { return nil }

// deaf does not carry out every second post.
type deaf struct {
	model.Driver
	n *int
}

func (d deaf) Post(ctx context.Context, p driver.Post) (int, error) {
	if *d.n++; *d.n%2 == 0 {
		return 1, nil
	}
	return d.Driver.Post(ctx, p)
}

// TestInterruptedShortening: a failure that was found is kept if what shortens it is interrupted,
// with its own error and its own capture.
func TestInterruptedShortening(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	wrong, tried := errors.New("judged wrong"), 0
	judge := func(string) error {
		if tried++; tried == 2 {
			cancel()
		}
		return wrong
	}
	cfg := model.Config{Seed: 1, Runs: 1, Start: reference, Dir: t.TempDir(), ShrinkTime: 2 * time.Minute, Judge: judge}
	err := model.Check(ctx, cfg)
	var f *model.Failure
	if !errors.As(err, &f) || !errors.Is(err, wrong) || len(f.Sequence.Steps) != f.Steps {
		t.Fatalf("expected the failure, as it was found, got %v", err)
	}
	for _, path := range []string{f.File, f.Capture} {
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%s: expected it to be kept, got %v", path, err)
		}
	}
}

// TestDefects: a kernel that does something else is caught, by a sequence with no step too many.
func TestDefects(t *testing.T) {
	for _, test := range []struct {
		name string
		wrap func(model.Driver) model.Driver
		most int // steps that the shortest sequence needs
		has  []model.Op
	}{
		{"forgetful", func(d model.Driver) model.Driver { return forgetful{d} }, 4, []model.Op{model.Connect, model.Publish, model.Retract}},
		{"deaf", func(d model.Driver) model.Driver { return deaf{d, new(int)} }, 4, []model.Op{model.Connect, model.Publish, model.Post}},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
			defer cancel()
			start := func(ctx context.Context, kernel int) (model.Driver, error) {
				d, err := reference(ctx, kernel)
				return test.wrap(d), err
			}
			err := model.Check(ctx, model.Config{Seed: 1, Runs: 100, Start: start, Dir: t.TempDir(), ShrinkTime: 2 * time.Minute})
			var f *model.Failure
			var d *model.Difference
			if !errors.As(err, &f) || !errors.As(err, &d) {
				t.Fatalf("expected the defect to be caught, got %v", err)
			}
			t.Logf("%v\n%v", err, f.Sequence)
			if len(f.Sequence.Steps) > test.most {
				t.Errorf("expected at most %d steps, got\n%v", test.most, f.Sequence)
			}
			for _, op := range test.has {
				if !strings.Contains(f.Sequence.String(), string(op)) {
					t.Errorf("expected a step %s, got\n%v", op, f.Sequence)
				}
			}
			again, err := model.Parse(f.Sequence.String())
			if err != nil || again.String() != f.Sequence.String() {
				t.Errorf("expected a sequence that can be read again, got %v, %v", again, err)
			}
		})
	}
}

func TestParse(t *testing.T) {
	for _, bad := range []string{"", "kernels 1", "kernels 2\npost 1 2 echo 1", "kernels 3\npost 1 2 echo 1", "kernels 2\nfly 1 0 - 0", "kernels 2\npost 1 0 echo x", "post 1 0 echo 1"} {
		if s, err := model.Parse(bad); err == nil {
			t.Errorf("%q: expected an error, got %v", bad, s)
		}
	}
	s := model.Generate(7, 2, 4)
	if again, err := model.Parse("# seed 7\n" + s.String()); err != nil || again.String() != s.String() {
		t.Errorf("expected %v, got %v, %v", s, again, err)
	}
}
