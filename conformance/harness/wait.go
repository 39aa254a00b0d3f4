package harness

import (
	"context"
	"time"
)

// defaultWait bounds every step of a conversation unless Options.Patience says otherwise.
const defaultWait = 5 * time.Second

// waitKey is what a context holds the bound of a step by.
type waitKey struct{}

// withWait has every step take at most d, defaultWait if d is 0.
func withWait(ctx context.Context, d time.Duration) context.Context {
	if d == 0 {
		d = defaultWait
	}
	return context.WithValue(ctx, waitKey{}, d)
}

// wait is how long a step may take.
func wait(ctx context.Context) time.Duration {
	if d, ok := ctx.Value(waitKey{}).(time.Duration); ok {
		return d
	}
	return defaultWait
}
