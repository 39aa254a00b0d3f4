package refdriver

import (
	"context"
	"errors"
	"slices"
	"syscall"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	ikc "github.com/perl-ikc/ikc-conform/reference"
)

func (d *refDriver) subscribe(_ context.Context, r *driver.Request) (any, error) {
	var f driver.Subscribe
	if err := r.Decode(&f, "specifiers"); err != nil {
		return nil, err
	}
	s, err := d.of(f.Session)
	if err != nil {
		return nil, err
	}
	return driver.Later(func(ctx context.Context) (any, error) {
		_, err := s.Kernel().Subscribe(ctx, f.Specifiers...)
		var refused *ikc.SubscribeError
		if err != nil && !errors.As(err, &refused) {
			return nil, err
		}
		a := driver.Accepted{Accepted: []string{}}
		for _, spec := range f.Specifiers {
			if refused == nil || !slices.ContainsFunc(refused.Refused, func(r ikc.Refusal) bool { return r.Specifier == spec }) {
				a.Accepted = append(a.Accepted, spec)
			}
		}
		return a, nil
	}), nil
}

func (d *refDriver) unsubscribe(_ context.Context, r *driver.Request) (any, error) {
	var f driver.Subscribe
	if err := r.Decode(&f, "specifiers"); err != nil {
		return nil, err
	}
	s, err := d.of("")
	if err != nil {
		return nil, err
	}
	s.Kernel().Unsubscribe(f.Specifiers...)
	return nil, nil
}

func (d *refDriver) proxyPost(ctx context.Context, r *driver.Request) (any, error) {
	var f driver.ProxyPost
	if err := r.Decode(&f, "to"); err != nil {
		return nil, err
	}
	s, err := d.of(f.Session)
	if err != nil {
		return nil, err
	}
	var args []any
	for _, v := range typed.Unwrap(f.Args) {
		args = append(args, v)
	}
	return nil, s.PostSession(ctx, f.To, f.State, args...)
}

// monitor replaces the monitor of that kernel. It may be set before there is a kernel here.
func (d *refDriver) monitor(_ context.Context, r *driver.Request) (any, error) {
	var f driver.Monitor
	if err := r.Decode(&f, "kernel", "events"); err != nil {
		return nil, err
	}
	for _, e := range f.Events {
		if !slices.Contains(monitored(), e) {
			return nil, driver.Errorf(driver.Unsupported, "no monitor %q in this driver", e)
		}
	}
	set := func() error {
		if stop := d.monitors[f.Kernel]; stop != nil {
			stop()
			delete(d.monitors, f.Kernel)
		}
		if len(f.Events) > 0 {
			d.monitors[f.Kernel] = d.kernel.Monitor(f.Kernel, d.only(f.Events))
		}
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.kernel == nil {
		d.waiting = append(d.waiting, set)
		return nil, nil
	}
	return nil, set()
}

// only is a monitor that reports some events to the harness.
func (d *refDriver) only(events []string) ikc.Monitor {
	var m ikc.Monitor
	for name, f := range map[string]*func(context.Context, *ikc.MonitorEvent){
		driver.MonitorRegister: &m.Register, driver.MonitorUnregister: &m.Unregister,
		driver.MonitorSubscribe: &m.Subscribe, driver.MonitorUnsubscribe: &m.Unsubscribe,
		driver.MonitorShutdown: &m.Shutdown, driver.MonitorError: &m.Error, driver.MonitorChannel: &m.Channel,
	} {
		if slices.Contains(events, name) {
			*f = func(_ context.Context, e *ikc.MonitorEvent) {
				_ = d.server.Event(driver.Event{Kind: driver.EventMonitor,
					Kernel: e.Kernel, About: e.About, Real: e.Real, What: string(e.What), Args: e.Args()})
			}
		}
	}
	return m
}

// failed reports what the kernel's OnError is told.
func (d *refDriver) failed(operation string, err error) {
	e := driver.Event{Kind: driver.EventError, Operation: operation, Message: err.Error()}
	var number syscall.Errno
	if errors.As(err, &number) {
		e.Number = int(number)
	}
	_ = d.server.Event(e)
}
