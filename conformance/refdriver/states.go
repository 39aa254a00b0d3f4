package refdriver

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// State makes a state of a kernel that does what an action says. An action that is not known is an
// error.
func State(a driver.Action) (ikc.State, error) {
	act, err := action(a)
	if err != nil || a.Sleep == 0 {
		return act, err
	}
	return func(ctx context.Context, r *ikc.Request) (any, error) {
		select {
		case <-time.After(seconds(a.Sleep)):
		case <-ctx.Done():
		}
		return act(ctx, r)
	}, nil
}

func action(a driver.Action) (ikc.State, error) {
	switch a.Do {
	case "echo":
		return func(_ context.Context, r *ikc.Request) (any, error) { return r.Arg(0), nil }, nil
	case "return":
		var v *perl.Value
		if a.Value != nil {
			v = a.Value.V
		}
		return func(context.Context, *ikc.Request) (any, error) { return v, nil }, nil
	case "list":
		var list ikc.List
		for _, v := range typed.Unwrap(a.Values) {
			list = append(list, v)
		}
		return func(context.Context, *ikc.Request) (any, error) { return list, nil }, nil
	case "args":
		return func(_ context.Context, r *ikc.Request) (any, error) { return perl.ArrayRef(r.Args...), nil }, nil
	case "nothing":
		return func(context.Context, *ikc.Request) (any, error) { return nil, nil }, nil
	case "undef":
		return func(context.Context, *ikc.Request) (any, error) { return perl.NewUndef(), nil }, nil
	case "count":
		var n atomic.Int64
		return func(context.Context, *ikc.Request) (any, error) { return n.Add(1), nil }, nil
	case "sender":
		return sender(a), nil
	case "respond":
		return ikc.AnswersByPost(func(_ context.Context, r *ikc.Request) (any, error) { return r.Arg(0), nil }), nil
	case "die":
		return func(context.Context, *ikc.Request) (any, error) { return nil, errors.New(a.Message) }, nil
	}
	return nil, driver.Errorf(driver.Unsupported, "no action %q in this driver", a.Do)
}

// sender posts a state back to whoever sent the request, at once or later.
func sender(a driver.Action) ikc.State {
	return func(ctx context.Context, r *ikc.Request) (any, error) {
		from, v := r.Sender, r.Arg(0)
		if a.After == 0 {
			return nil, from.Post(ctx, a.State, v)
		}
		time.AfterFunc(seconds(a.After), func() { _ = from.Post(context.WithoutCancel(ctx), a.State, v) })
		return nil, nil
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
