package ikc

import (
	"context"
	"fmt"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Caller is who can call: a [Kernel], a [Session], a clientlite.Client.
type Caller interface {
	Call(ctx context.Context, to string, params any) (*perl.Value, error)
}

// CallAs is Call with the answer in a variable of type T, by [perl.Unmarshal], whose errors it has
// as well.
func CallAs[T any](ctx context.Context, c Caller, to string, params any) (answer T, err error) {
	v, err := c.Call(ctx, to, params)
	if err != nil {
		return answer, err
	}
	if err := perl.Unmarshal(v, &answer); err != nil {
		return answer, fmt.Errorf("ikc: answer of %s: %w", to, err)
	}
	return answer, nil
}

// StateOf makes a State of a function that takes its first argument as a P, by [perl.Unmarshal];
// what cannot be made a P is an error, which the caller is told. What it returns is what a State
// does; a function that has nothing to say has an any for R, and returns nil.
func StateOf[P, R any](f func(ctx context.Context, r *Request, params P) (R, error)) State {
	return func(ctx context.Context, r *Request) (any, error) {
		var params P
		if err := perl.Unmarshal(r.Arg(0), &params); err != nil {
			return nil, err
		}
		return f(ctx, r, params)
	}
}
