//go:build unix

package driver_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
)

// A grandchild in a session of its own survives the driver and holds its standard output and
// standard error open. Nobody waits for it: not who waits for an answer, nor Close, nor the end of
// the context.
func TestGrandchildHoldsOutput(t *testing.T) {
	for _, by := range []string{"exit", "close", "context"} {
		t.Run(by, func(t *testing.T) {
			ctx, cancel := context.WithCancel(testContext(t))
			defer cancel()
			d := self(t, ctx, "leaves", driver.Options{})
			e, err := d.Wait(ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			var child struct{ PID int }
			if err := json.Unmarshal(e.Raw, &child); err != nil {
				t.Fatal(err)
			}
			defer syscall.Kill(child.PID, syscall.SIGKILL)
			began := time.Now()
			switch by {
			case "exit": // it ends at the end of its input, and has written one more line before
				if !d.EndInput() {
					t.Fatal("expected an input to end")
				}
				if _, err := d.Wait(ctx, nil); err != nil {
					t.Errorf("expected what it said last: %v", err)
				}
				if _, err := d.Hello(ctx); !errors.Is(err, driver.ErrGone) {
					t.Errorf("expected ErrGone, got %v", err)
				}
			case "close":
				d.Close()
			case "context":
				cancel()
				<-d.Done()
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("expected the end within moments, it took %v", took)
			}
			if _, err := os.Stat("/proc/self"); err == nil && syscall.Kill(child.PID, 0) != nil {
				t.Errorf("the grandchild is gone: this showed nothing")
			}
		})
	}
}
