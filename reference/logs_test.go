package ikc_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// rawLog is a handler that quotes nothing: a record is a line of its values as they came.
type rawLog struct {
	mu    *sync.Mutex
	lines *[]string
}

func (rawLog) Enabled(context.Context, slog.Level) bool { return true }

func (h rawLog) Handle(_ context.Context, r slog.Record) error {
	line := r.Message
	r.Attrs(func(a slog.Attr) bool { line += fmt.Sprintf(" %s=%v", a.Key, a.Value.Any()); return true })
	h.mu.Lock()
	defer h.mu.Unlock()
	*h.lines = append(*h.lines, line)
	return nil
}

func (h rawLog) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h rawLog) WithGroup(string) slog.Handler      { return h }

// foreign acts on a terminal, and is several lines.
const foreign = "MARK\x1b]52;c;QUJD\x07\x9b31m\u009b\u202e\u200b\u2028\r\nFORGED"

// TestLogIsClean: nothing of a peer gets into the log raw, whatever the handler does with it, nor
// into the text of an error.
func TestLogIsClean(t *testing.T) {
	var mu sync.Mutex
	var lines []string
	log := slog.New(rawLog{&mu, &lines})
	server := kernel(t, ikc.Config{Name: "Server", Logger: log})
	address := serve(t, server)
	peer := rawPeer(t, address, "client-1", "Client")
	at := wire.At(specifier.Specifier{Kernel: foreign, Session: foreign, State: foreign})
	report := func(event wire.Address) *wire.Message {
		return &wire.Message{Event: event, IsError: true,
			Params: perl.ArrayRef(perl.NewBytes(foreign), perl.NewBytes(foreign), perl.NewBytes(foreign))}
	}
	peer.send(&wire.Message{Event: at, From: at, Params: perl.NewBytes(foreign)})
	peer.send(report(wire.At(specifier.Specifier{Session: wire.SessionIKC, State: wire.StateRemoteError})))
	failed := make(chan error, 1)
	go func() { // a call that is answered by an error report
		_, err := server.Call(context.Background(), "poe://client-1/a/b", nil)
		failed <- err
	}()
	for {
		m, err := peer.receive()
		must(t, err)
		if m.RSVP.Present() {
			e := report(wire.At(specifier.Specifier{Session: wire.SessionIKC, State: wire.StateRemoteError}))
			e.Params.Target().Elems()[0] = perl.NewBytes(foreign + ".  Request poe://client-1/a/b")
			peer.send(e)
			break
		}
	}
	clean(t, "an error", (<-failed).Error())
	_, err := io.WriteString(peer, "12\x00"+foreign[:12])
	must(t, err)
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		mu.Lock()
		ended := strings.Contains(strings.Join(lines, " "), "bad data from peer")
		mu.Unlock()
		if ended {
			break
		}
	}
	mu.Lock()
	defer mu.Unlock()
	all := strings.Join(lines, " ")
	for _, what := range []string{"request failed", "remote error", "bad data from peer", "kernel registered"} {
		if !strings.Contains(all, what) {
			t.Errorf("expected the log to say %q, got %q", what, all)
		}
	}
	for _, line := range lines {
		clean(t, "the log", line)
	}
	if !strings.Contains(all, "MARK") {
		t.Errorf("expected the log to show what came, got %q", all)
	}
}

// clean demands that nothing in a text can do anything where it is shown.
func clean(t *testing.T, what, text string) {
	t.Helper()
	for i, r := range text {
		_, n := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && n == 1 || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			t.Errorf("%s has %U raw: %q", what, r, text)
			return
		}
	}
}
