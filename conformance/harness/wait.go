package harness

import (
	"context"
	"net"
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

// accept waits for a client, as long as a step may take, or until ctx ends.
func accept(ctx context.Context, l *net.TCPListener) (net.Conn, error) {
	if err := l.SetDeadline(time.Now().Add(wait(ctx))); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = l.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	return l.Accept()
}
