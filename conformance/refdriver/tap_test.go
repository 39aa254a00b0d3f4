package refdriver_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// tap stands between the two kernels of a play and records what they say.
type tap struct {
	relay  *relay.Relay
	writer *capture.Writer
	octets octets
}

// octets is a capture that may be read while it is written.
type octets struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *octets) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *octets) snapshot() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.buf.Bytes())
}

// startTap listens at an address of the network "tcp", "" for any port, or "unix".
func startTap(network, target, address string) (*tap, error) {
	w := new(tap)
	var err error
	if w.writer, err = capture.NewWriter(&w.octets, capture.Meta{}); err != nil {
		return nil, err
	}
	w.relay, err = relay.Start(relay.Options{
		TargetNetwork: network, TargetAddress: target, ListenNetwork: network, ListenAddress: address, Writer: w.writer,
	})
	return w, err
}

// close cuts what is still open.
func (w *tap) close() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = w.relay.Close(ctx)
}

// said is what has been said so far, connection by connection: first what the client said, then the
// server. Across the two directions there is no order to compare.
func (w *tap) said(t *testing.T) []string {
	if err := w.writer.Flush(); err != nil {
		t.Fatal(err)
	}
	r, err := capture.NewReader(bytes.NewReader(w.octets.snapshot()))
	if err != nil {
		t.Fatal(err)
	}
	var all []*dialogue.Connection
	err = dialogue.Read(r.Events(capture.Limits{}), dialogue.Options{AssumeIKC: true}, func(c *dialogue.Connection) { all = append(all, c) })
	var goesOn *capture.TruncatedError
	if err != nil && !errors.As(err, &goesOn) {
		t.Fatal(err)
	}
	slices.SortFunc(all, func(a, b *dialogue.Connection) int { return a.Conn.Index - b.Conn.Index })
	var lines []string
	for n, c := range all {
		lines = append(lines, fmt.Sprintf("on the wire, connection %d", n+1))
		for role, arrow := range map[wire.Role]string{wire.Client: ">", wire.Server: "<"} {
			if p := c.Broken[role]; p != nil {
				t.Errorf("connection %d, %s: %s", n+1, arrow, p.Text)
			}
		}
		for _, side := range []struct {
			role  wire.Role
			arrow string
		}{{wire.Client, ">"}, {wire.Server, "<"}} {
			for _, item := range c.Items {
				if item.Sender() == side.role {
					lines = append(lines, "  "+side.arrow+" "+shown(t, item))
				}
			}
		}
	}
	return lines
}

func shown(t *testing.T, item dialogue.Item) string {
	switch item := item.(type) {
	case *dialogue.Line:
		return aSetupPID.ReplaceAllString(item.Text, "PID=PID")
	case *dialogue.Frame:
		if item.Err != nil {
			t.Errorf("frame %d of %v: %v", item.Number, item.From, item.Err)
			return "unreadable frame"
		}
		m := item.Message
		asked := m
		if m.Exchange != nil {
			asked = m.Exchange.Request
		}
		if asked.Message.Event.Kernel == specifier.Any {
			// The original gives the same hash to one channel after the other, in no particular order. Its
			// local kernel, being one of them, writes into it, and what comes after that is sent with it.
			return fmt.Sprintf("%v to every kernel: %s", m.Kind, encoded(t, m.Params()))
		}
		return fmt.Sprintf("%v %s", m.Kind, encoded(t, item.Value()))
	}
	return ""
}

func encoded(t *testing.T, v *perl.Value) string {
	raw, err := typed.Encode(v)
	if err != nil {
		t.Error(err)
	}
	return string(raw)
}

var (
	aSetupPID = regexp.MustCompile(`PID=\d+`)
	// What a kernel calls its own rsvp states is up to it.
	aReceipt = regexp.MustCompile(`IKC:receipt [^"]*`)
)

// listen notes what has been said once as much has been said as is recorded.
func (p *play) listen(want int) {
	if p.tap == nil {
		return
	}
	var said []string
	for late := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		said = p.tap.said(p.t)
		if want > 0 && len(said) >= want || time.Now().After(late) || p.t.Failed() {
			break
		}
		if want == 0 { // not recorded yet
			time.Sleep(time.Second)
			said = p.tap.said(p.t)
			break
		}
	}
	p.lines = append(p.lines, said...)
}

// recordedWire counts the lines of a record that tell of the wire.
func recordedWire(trace string) (n int) {
	for _, line := range strings.Split(trace, "\n") {
		if strings.HasPrefix(line, "on the wire") || strings.HasPrefix(line, "  > ") || strings.HasPrefix(line, "  < ") {
			n++
		}
	}
	return n
}
