package harness

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// The driver protocol is spoken over pipes. In captures such a pipe is a connection from
// controlHarness to controlDriver, addresses that nobody has (RFC 5737), with a port for each side.
var (
	controlHarness = netip.MustParseAddr("192.0.2.1")
	controlDriver  = netip.MustParseAddr("192.0.2.2")
)

// controlPort is the port of the client's driver; the server's has the next.
const controlPort = 49152

// controlTap records the conversation with a driver, line by line.
type controlTap struct {
	w    *capture.Writer
	side wire.Role

	once     sync.Once
	recorder *capture.Recorder
	err      error
}

// tapDriver records the conversation with the driver of a side.
func tapDriver(w *capture.Writer, side wire.Role) *controlTap { return &controlTap{w: w, side: side} }

// recorded are the options of a driver, of a side, that is recorded in the capture of the cell.
func (r *runner) recorded(side wire.Role) driver.Options {
	t := tapDriver(r.writer, side)
	r.taps = append(r.taps, t)
	return driver.Options{Tap: t.line}
}

// line records a line. What cannot be recorded is told by close.
func (t *controlTap) line(l driver.Line) {
	t.once.Do(func() {
		var iface int
		name := fmt.Sprintf("driver-%s", t.side)
		description := fmt.Sprintf("what the harness had the kernel of the %s do, and what its driver said (conformance/DRIVER.md)", t.side)
		if iface, t.err = t.w.Interface(name, description); t.err != nil {
			return
		}
		port := controlPort + uint16(t.side)
		t.recorder, t.err = t.w.Open(iface, netip.AddrPortFrom(controlHarness, port), netip.AddrPortFrom(controlDriver, port), l.Time,
			name+": the driver protocol, recorded line by line")
	})
	if t.err != nil {
		return
	}
	from := capture.FromClient
	if l.FromDriver {
		from = capture.FromServer
	}
	t.err = t.recorder.Data(from, append(l.Text, '\n'), l.Time)
}

// close ends the conversation in the capture. No line may come any more.
func (t *controlTap) close() error {
	if t.recorder == nil || t.err != nil {
		return t.err
	}
	now := time.Now()
	return errors.Join(t.recorder.CloseWrite(capture.FromClient, now), t.recorder.CloseWrite(capture.FromServer, now))
}
