package harness

import (
	"context"
	"errors"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
)

// watch has a kernel monitor another by its names, and every kernel. It has to be done before they
// are connected.
func watch(ctx context.Context, d *driver.Driver, of kernelNames) error {
	hello, err := d.Hello(ctx)
	if err != nil || len(hello.Monitors) == 0 {
		return err
	}
	for _, m := range []driver.Monitor{
		{Kernel: contract.EveryKernel, Events: hello.Monitors},
		{Kernel: of.name, Events: hello.Monitors},
		{Kernel: of.too, Events: []string{driver.MonitorUnregister}},
		{Kernel: of.ended, Events: hello.Monitors},
		{Kernel: of.ended}, // ends the one before
	} {
		if err := d.Monitor(ctx, m.Kernel, m.Events...); err != nil {
			return err
		}
	}
	return nil
}

// awaitMonitor waits until the monitor of every kernel was told what about a kernel. If it never
// is, the judge will find that.
func awaitMonitor(ctx context.Context, d *driver.Driver, what, about string) {
	hello, err := d.Hello(ctx)
	if err != nil || !hello.HasMonitor(what) {
		return
	}
	limit, cancel := context.WithTimeout(ctx, wait(ctx))
	defer cancel()
	_, _ = d.Wait(limit, func(e *driver.Event) bool {
		return e.Kind == driver.EventMonitor && e.Kernel == contract.EveryKernel && e.What == what && e.About == about
	})
}

// letDriversReport gives drivers the time to tell what there is to tell, and has the capture show
// that they had it.
func letDriversReport(ctx context.Context, drivers ...*driver.Driver) error {
	select {
	case <-time.After(contract.DriverGrace):
	case <-ctx.Done():
	}
	for _, d := range drivers {
		if _, err := d.Hello(ctx); err != nil && !errors.Is(err, driver.ErrGone) {
			return err
		}
	}
	return nil
}
