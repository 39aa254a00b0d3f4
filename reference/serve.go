package ikc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Serve takes connections from l, any listener, until ctx ends, l is closed, or the kernel is shut
// down; these give nil. It closes l, and leaves the connections open. Being short of file
// descriptors is waited out; other errors of Accept are returned. After Shutdown the error is
// ErrClosed. A kernel may serve several listeners, by [Kernel.ServeAs] each with names of its own.
func (k *Kernel) Serve(ctx context.Context, l net.Listener) error { return k.serve(ctx, l, &k.as) }

func (k *Kernel) serve(ctx context.Context, l net.Listener, as *Identity) error {
	k.mu.Lock()
	if k.closed {
		k.mu.Unlock()
		_ = l.Close()
		return ErrClosed
	}
	k.listeners[l] = struct{}{}
	k.running.Add(1)
	k.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer func() {
		stop()
		_ = l.Close()
		k.mu.Lock()
		delete(k.listeners, l)
		k.mu.Unlock()
		k.running.Done()
	}()
	// slots holds an item for each connection; Source: Server _concurrency_up.
	var slots chan struct{}
	if k.cfg.MaxConnections > 0 {
		slots = make(chan struct{}, k.cfg.MaxConnections)
	}
	for pause := time.Duration(0); ; {
		if slots != nil {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return nil
			case <-k.down:
				return nil
			}
		}
		conn, err := l.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) || ctx.Err() != nil || k.isDown() {
				return nil
			}
			k.trouble(ctx, OpAccept, err)
			if !passing(err) {
				return fmt.Errorf("ikc: accept on %v: %w", l.Addr(), err)
			}
			if slots != nil {
				<-slots
			}
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			case <-k.down:
			}
			continue
		}
		pause = 0
		// Not before Serve has returned may the count of running goroutines fall to zero.
		k.running.Go(func() {
			c, err := k.attach(context.WithoutCancel(ctx), conn, wire.Server, "", as, opening{dialect: as.Dialect})
			if slots == nil {
				return
			}
			if err == nil {
				<-c.Done()
			}
			<-slots
		})
	}
}

// passing tells whether an error of Accept is about one connection or about a want that may pass.
func passing(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS,
		syscall.ENOMEM, syscall.ECONNABORTED, syscall.EINTR, syscall.ECONNRESET} {
		if errors.Is(err, e) {
			return true
		}
	}
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}
