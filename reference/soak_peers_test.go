package ikc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/clientlite"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// patiently bounds what a loaded machine takes its time for.
func patiently() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 30*time.Second)
}

// parcel is what is called with: a string, or a list that a kernel may hand on as it came.
func parcel(content string) any {
	if rand.IntN(2) == 0 {
		return content
	}
	return []any{content, map[string]any{"content": content, "list": []int{1, 2, 3}}}
}

// isAnswer tells whether v is what came back of parcel(content).
func isAnswer(v *perl.Value, content string, err error) error {
	got := v.Str()
	if err == nil && v.Kind() == perl.Ref {
		var list [2]any
		if rand.IntN(2) == 0 {
			v.Target() // thawed before
		}
		if err = perl.Unmarshal(v, &list); err == nil {
			within, _ := list[1].(map[string]any)
			got, _ = list[0].(string)
			if within["content"] != list[0] || len(within) != 2 {
				err = fmt.Errorf("got %v within the answer to %.60q", within, content)
			}
		}
	}
	if err == nil && got != content {
		err = fmt.Errorf("got answer %.60q to %.60q", got, content)
	}
	return err
}

// stays is a kernel that calls, posts and is called back.
func (s *swarm) stays(n int) error {
	k, err := ikc.New(ikc.Config{Name: fmt.Sprint("Kernel", n), Headroom: -1, Logger: quiet})
	if err != nil {
		return err
	}
	defer k.Shutdown(context.Background())
	me, err := k.NewSession("me", map[string]ikc.State{"echo": echo})
	if err != nil {
		return err
	}
	me.Publish("echo")
	ctx, cancel := patiently()
	defer cancel()
	if _, err := k.Dial(ctx, "tcp", s.address); err != nil {
		return err
	}
	for i := range 50 {
		want := fmt.Sprint(n, "-", i, strings.Repeat("x", rand.IntN(3000)))
		state := []string{"echo", "back", "slow"}[rand.IntN(3)]
		s.calls.Add(1)
		v, err := me.Call(ctx, "poe://Server/me/"+state, parcel(want))
		if err := isAnswer(v, want, err); err != nil {
			return fmt.Errorf("%s: %w", state, err)
		}
		if _, err := k.Post(ctx, "poe://Server/me/post", want); err != nil {
			return err
		}
		s.sent.Add(1)
	}
	return nil
}

// crashes is a kernel whose connection goes while calls are under way. It has the name of another
// that does the same. Each call gets its own answer, or an error that says so.
func (s *swarm) crashes() error {
	k, err := ikc.New(ikc.Config{Name: "Same", Headroom: -1, Logger: quiet})
	if err != nil {
		return err
	}
	defer k.Shutdown(context.Background())
	ctx, cancel := patiently()
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", s.address)
	if err != nil {
		return err
	}
	if _, err := k.DialConn(ctx, conn, ""); err != nil {
		return err
	}
	errs := make(chan error, 8)
	for n := range cap(errs) {
		go func() {
			for i := 0; ; i++ {
				want := fmt.Sprint(n, "-", i)
				s.risked.Add(1)
				v, err := k.Call(ctx, "poe://Server/me/risk", parcel(want))
				if err != nil && !errors.Is(err, ikc.ErrDisconnected) && !errors.Is(err, ikc.ErrUnknownKernel) {
					errs <- err
					return
				}
				if err != nil {
					s.cut.Add(1)
					errs <- nil
					return
				}
				if err := isAnswer(v, want, nil); err != nil {
					errs <- err
					return
				}
			}
		}()
	}
	time.Sleep(time.Duration(rand.IntN(30)) * time.Millisecond)
	if rand.IntN(2) == 0 {
		_ = conn.(*net.TCPConn).SetLinger(0)
	}
	_ = conn.Close()
	for range cap(errs) {
		err = errors.Join(err, <-errs)
	}
	return err
}

// lite is a blocking client.
func (s *swarm) lite() error {
	ctx, cancel := patiently()
	defer cancel()
	c, err := clientlite.Spawn(ctx, clientlite.Config{Name: "Lite", Address: s.address})
	if err != nil {
		return err
	}
	defer c.Disconnect()
	for i := range 50 {
		want := fmt.Sprint("lite", i)
		s.calls.Add(1)
		v, err := c.Call(ctx, "me/echo", parcel(want))
		if err := isAnswer(v, want, err); err != nil {
			return err
		}
	}
	return nil
}

// misbehaves sends what is no negotiation or no frame, or part of one, and goes, perhaps by a
// reset.
func (s *swarm) misbehaves() error {
	s.bad.Add(1)
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		return err
	}
	defer conn.Close()
	lines := []string{"", "HELLO\r\n", "SETUP KERNEL=Bad;FREEZER=Storable\r\n", "garbage\n", "HELLO\r\nOK\r\nOK\r\n"}
	_, _ = io.WriteString(conn, lines[rand.IntN(len(lines))])
	frames := []string{"", "5\x00abcde", "99999999999\x00", "xyz\x00", "10\x00abc", "7\x00\x05\x0b\x02\x00\x00\x00\x00"}
	_, _ = io.WriteString(conn, frames[rand.IntN(len(frames))])
	if rand.IntN(2) == 0 {
		_ = conn.(*net.TCPConn).SetLinger(0)
	}
	time.Sleep(time.Duration(rand.IntN(10)) * time.Millisecond)
	return nil
}

// negotiated returns a connection on which frames may be sent.
func (s *swarm) negotiated(name string) (*net.TCPConn, error) {
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(conn, "SETUP KERNEL="+name+";FREEZER=Storable\r\n"); err != nil {
		conn.Close()
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

// callFrame is a call of a state of the server's session me.
func callFrame(state, from, rsvp string, params *perl.Value) []byte {
	m := &wire.Message{Event: wire.AtString("poe://Server/me/" + state), Params: params, RSVP: wire.AtString("poe://" + from + "/me/" + rsvp)}
	image, err := storable.Freeze(m.ToValue())
	if err != nil {
		panic(err) // no value here can fail
	}
	return wire.AppendFrame(nil, image)
}

// garbles sends good frames of which some octets have been changed.
func (s *swarm) garbles() error {
	s.bad.Add(1)
	conn, err := s.negotiated("Garbler")
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(50 * time.Millisecond))
	for range rand.IntN(20) {
		frame := callFrame("deaf", "Garbler", "answer", perl.ArrayRef(perl.NewBytes("some"), perl.NewInt(1), perl.NewUndef()))
		for range 1 + rand.IntN(3) {
			frame[rand.IntN(len(frame))] = byte(rand.IntN(256))
		}
		if _, err := conn.Write(frame); err != nil {
			break
		}
	}
	_, _ = io.Copy(io.Discard, conn)
	return nil
}

// neverReads asks for large answers and does not read them.
func (s *swarm) neverReads() error {
	conn, err := s.negotiated("Deaf")
	if err != nil {
		return err
	}
	defer conn.Close()
	frame := callFrame("deaf", "Deaf", "answer", perl.NewBytes(strings.Repeat("x", 64<<10)))
	_ = conn.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
	for range 200 {
		if _, err := conn.Write(frame); err != nil {
			break // its queue is full, or it has been cut off
		}
		s.deaf.Add(1)
	}
	return nil
}

// readsSlowly asks for large answers, all at once, and takes its time to read them: each comes
// once, in order.
func (s *swarm) readsSlowly() error {
	conn, err := s.negotiated("Slow")
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	const calls = 24 // their answers fit the server's queue
	var all []byte
	for n := range calls {
		all = append(all, callFrame("echo", "Slow", fmt.Sprint("answer", n), perl.NewBytes(strings.Repeat("x", 64<<10)))...)
	}
	s.calls.Add(calls)
	if _, err := conn.Write(all); err != nil {
		return err
	}
	var lines wire.LineScanner
	piece := make([]byte, 32<<10)
	for got := false; !got; {
		n, err := conn.Read(piece)
		if err != nil {
			return err
		}
		lines.Write(piece[:n])
		_, got, err = lines.Next()
		if err != nil {
			return err
		}
	}
	frames := lines.Frames(0)
	for next := 0; next < calls; {
		image, ok, err := frames.Next()
		if err != nil {
			return err
		}
		if !ok {
			time.Sleep(time.Millisecond)
			n, err := conn.Read(piece)
			if err != nil {
				return fmt.Errorf("answer %d of %d: %w", next, calls, err)
			}
			frames.Write(piece[:n])
			continue
		}
		v, err := storable.Thaw(image)
		if err != nil {
			return err
		}
		m, err := wire.ParseMessage(v)
		if err != nil {
			return err
		}
		if want := fmt.Sprint("answer", next); m.Event.State != want {
			return fmt.Errorf("got %.300s, want %s", perl.Format(v, perl.FormatOptions{}), want)
		}
		next++
	}
	return nil
}

// perlInstall is the real thing, nil if it is not here.
func perlInstall(t *testing.T) *driver.PerlInstall {
	if testing.Short() {
		t.Log("no Perl peers: -short")
		return nil
	}
	dir := driver.ReleasesDir()
	install, err := driver.FindPerlIn(t.Context(), filepath.Join(dir, "0.2402"))
	if err != nil {
		t.Logf("no Perl peers: %v", err)
		return nil
	}
	return install
}

// perlPeer is a real Perl kernel that calls, and is then killed, perhaps while it calls.
func (s *swarm) perlPeer(install *driver.PerlInstall) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	d, err := install.Start(ctx, driver.Options{})
	if err != nil {
		return err
	}
	var once sync.Once
	end := func() { once.Do(func() { cancel(); d.Close() }) } // killed at once
	defer end()
	if _, err := d.Connect(ctx, driver.Connect{Name: "Perl", Address: s.address}); err != nil {
		return err
	}
	if err := d.Session(ctx, driver.Session{Session: "me",
		States: map[string]driver.Action{"answer": driver.Nothing()}, Publish: &[]string{}}); err != nil {
		return err
	}
	call := func(state, x string) error {
		n, err := d.Call(ctx, driver.Call{To: "poe://Server/me/" + state, Params: typed.Value{V: perl.NewBytes(x)}, RSVP: "poe:/me/answer", Session: "me"})
		if err == nil && n != 1 {
			err = fmt.Errorf("the call went to %d kernels", n)
		}
		return err
	}
	for i := range 20 {
		want := fmt.Sprint("perl", i)
		if err := call([]string{"echo", "slow"}[i%2], want); err != nil {
			return err
		}
		s.calls.Add(1)
		s.perl.Add(1)
		e, err := d.WaitState(ctx, "me", "answer")
		if err != nil {
			return err
		}
		if len(e.Args) != 1 || e.Args[0].Str() != want {
			return fmt.Errorf("got answer %v to %s", e, want)
		}
	}
	if more := d.TakeEvents(); len(more) > 0 {
		return fmt.Errorf("%d events too many, such as %v", len(more), more[0])
	}
	for range rand.IntN(4) {
		s.risked.Add(1)
		if err := call("risk", "x"); err != nil {
			return err
		}
	}
	if rand.IntN(3) == 0 {
		return d.Disconnect(ctx)
	}
	end()
	return nil
}
