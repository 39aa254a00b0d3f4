package main

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/reference/clientlite"
	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

var hostileFor = flag.Duration("hostile", 3*time.Second, "how long TestServeAmongHostilePeers has peers send what they can")

// TestServeAmongHostilePeers has 24 peers send to 'ikc-conform serve', as a process of its own,
// what makes it hold or allocate the most, and connect again when they have lost their connection.
// The process stays within 150 MB, and another peer's calls are answered. How long these take,
// alone and beside the 24, is printed: -hostile 20s -v shows it best.
//
// What the 24 send is well formed, or claims more than comes: a peer in Perl raises an error.
func TestServeAmongHostilePeers(t *testing.T) {
	const most = 150_000_000
	if runtime.GOOS != "linux" {
		t.Skip("the memory of another process is read from /proc, which is there on Linux only")
	}
	server, address := served(t)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute+2**hostileFor)
	defer cancel()
	good, err := clientlite.Spawn(ctx, clientlite.Config{Name: "Good", Address: address})
	if err != nil {
		t.Fatal(err)
	}
	defer good.Disconnect()
	params := strings.Repeat("x", 300)
	calls := func(until func() bool) []time.Duration {
		var took []time.Duration
		for !until() {
			began := time.Now()
			v, err := good.Call(ctx, contract.SessionAlias+"/echo", params)
			if err != nil || v.Str() != params {
				t.Fatalf("call %d: got %.20q, %v", len(took), v.Str(), err)
			}
			took = append(took, time.Since(began))
			time.Sleep(time.Millisecond)
		}
		return took
	}
	for_ := func(d time.Duration) func() bool {
		end := time.Now().Add(d)
		return func() bool { return time.Now().After(end) }
	}
	alone := calls(for_(*hostileFor / 3))

	var rss atomic.Int64
	done := make(chan struct{})
	var watching, sending sync.WaitGroup
	watching.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
				rss.Store(max(rss.Load(), residentOctets(t, server.Process.Pid)))
			}
		}
	})
	assault, err := assaultProcess(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	var sent []byte
	var ended atomic.Bool
	sending.Go(func() {
		defer ended.Store(true)
		if sent, err = assault.Output(); err != nil {
			t.Errorf("the hostile peers: %v", err)
		}
	})
	beside := calls(ended.Load)
	sending.Wait()
	close(done)
	watching.Wait()
	if len(beside) < 10 {
		t.Errorf("%d calls were answered beside hostile peers, expected 10 at least", len(beside))
	}
	if rss.Load() > most {
		t.Errorf("the process took %d octets, expected at most %d", rss.Load(), most)
	}
	t.Logf("%s; the process took %d MB", bytes.TrimSpace(sent), rss.Load()/1e6)
	t.Logf("calls alone: %s", spread(alone))
	t.Logf("calls beside them: %s", spread(beside))
}

// assaultEnv has this program be the hostile peers, and is the address.
const assaultEnv = "IKC_CONFORM_ASSAULT"

// assaultProcess is the hostile peers, who leave most of the processors to others: they would be
// elsewhere. With less than this leaves them, beside what else may run, they do not even begin.
func assaultProcess(ctx context.Context, address string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "nice", "-n", "5", self, "-hostile", hostileFor.String())
	cmd.Env = append(os.Environ(), assaultEnv+"="+address)
	cmd.Stderr = os.Stderr
	return cmd, nil
}

// assaultAll is the hostile peers, and prints what they sent.
func assaultAll(address string) error {
	end := time.Now().Add(*hostileFor)
	over := func() bool { return time.Now().After(end) }
	var octets, connections atomic.Int64
	var sending sync.WaitGroup
	for n := range 24 {
		kind := hostileKinds[n%len(hostileKinds)]
		frames, err := kind.frames()
		if err != nil {
			return fmt.Errorf("%s: %w", kind.name, err)
		}
		sending.Go(func() {
			for !over() {
				connections.Add(1)
				octets.Add(assault(address, fmt.Sprint("Bad", n), kind, frames, over))
			}
		})
	}
	sending.Wait()
	fmt.Printf("24 peers sent %d MB by %d connections\n", octets.Load()/1e6, connections.Load())
	return nil
}

func spread(took []time.Duration) string {
	slices.Sort(took)
	at := func(part float64) time.Duration { return took[int(part*float64(len(took)-1))] }
	return fmt.Sprintf("%d, half within %v, 90 %% within %v, all within %v", len(took), at(0.5), at(0.9), at(1))
}

// served starts the command and returns where it listens.
func served(t *testing.T) (*exec.Cmd, string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "serve", "--listen", "127.0.0.1:0", "--serializer", "Storable,FreezeThaw")
	cmd.Args[0] = "ikc-conform" // by which testscript.Main knows what to be
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("serve: %v", err)
	}
	_, address, ok := strings.Cut(strings.TrimSpace(line), "listens on ")
	if !ok {
		t.Fatalf("serve printed %q, expected where it listens", line)
	}
	return cmd, address
}

// residentOctets is what a process takes of memory now.
func residentOctets(t *testing.T, pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	fields := strings.Fields(string(b))
	if err != nil || len(fields) < 2 {
		t.Errorf("memory of process %d: %q, %v", pid, b, err)
		return 0
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		t.Errorf("memory of process %d: %v", pid, err)
	}
	return pages * int64(os.Getpagesize())
}

// hostileKind is a way to make a kernel hold or allocate much. frames are sent again and again.
type hostileKind struct {
	name       string
	serializer wire.Serializer
	frames     func() ([]byte, error)
	aliases    int
	once       bool // and then it waits
}

var hostileKinds = []hostileKind{
	{name: "half a frame", frames: func() ([]byte, error) {
		return []byte(fmt.Sprint(12<<20, "\x00", strings.Repeat("x", 9<<20))), nil
	}, once: true},
	{name: "a fifth of a frame", frames: func() ([]byte, error) {
		return []byte(fmt.Sprint(12<<20, "\x00", strings.Repeat("x", 12<<20/5+100))), nil
	}, once: true},
	{name: "many small values", frames: func() ([]byte, error) { return echoFrame(storable.Serializer{}, wide(1_000_000)) }},
	{name: "many small values with a class", frames: func() ([]byte, error) {
		v := wide(200_000)
		v.Target().Bless("Job")
		return echoFrame(storable.Serializer{}, v)
	}},
	{name: "values within values", frames: func() ([]byte, error) {
		v := perl.NewUndef()
		for range 4000 {
			v = perl.ArrayRef(v)
		}
		v.Target().Bless("Job")
		return echoFrame(storable.Serializer{}, v)
	}},
	{name: "claims within claims", frames: func() ([]byte, error) {
		image := []byte("\x05\x0b\x03\x00\x00\x00\x01") // a hash of one pair
		for range 60 {
			image = append(image, "\x04\x02\x00\x00\xea\x60"...) // a reference to an array of 60,000
		}
		image = append(image, bytes.Repeat([]byte{5}, 70_000)...) // undef, enough for one of them
		return wire.AppendFrame(nil, image), nil
	}},
	{name: "strings that are many times referred to", frames: func() ([]byte, error) {
		s, list := perl.NewBytes(strings.Repeat("x", 100_000)), perl.NewArray()
		for range 1000 {
			list.Append(perl.NewRef(s))
		}
		return echoFrame(storable.Serializer{}, perl.NewRef(list))
	}},
	{name: "answers that are not read", frames: func() ([]byte, error) {
		return echoFrame(storable.Serializer{}, perl.NewBytes(strings.Repeat("x", 500_000)))
	}},
	{name: "many small requests", frames: func() ([]byte, error) {
		frame, err := echoFrame(storable.Serializer{}, perl.NewInt(1))
		return bytes.Repeat(frame, 5000), err
	}},
	{name: "long names", frames: func() ([]byte, error) {
		long := strings.Repeat("x", 1<<20)
		m := wire.Message{Event: wire.AtString("poe://Reference/" + long + "/" + long), From: wire.AtString("poe://Bad/" + long + "/x")}
		return frameOf(storable.Serializer{}, &m)
	}},
	{name: "FreezeThaw", serializer: freezethaw.Serializer{}, frames: func() ([]byte, error) {
		return echoFrame(freezethaw.Serializer{}, wide(300_000))
	}},
	{name: "many aliases", aliases: 400, frames: func() ([]byte, error) {
		return frameOf(storable.Serializer{}, &wire.Message{Event: wire.AtString("poe://Reference/absent/state")})
	}},
}

// wide is a list of n undefs.
func wide(n int) *perl.Value {
	list := perl.NewArray()
	for range n {
		list.Append(perl.NewUndef())
	}
	return perl.NewRef(list)
}

// echoFrame is a call of the conformance session's echo, the answer going to whoever sends it.
func echoFrame(by wire.Serializer, params *perl.Value) ([]byte, error) {
	return frameOf(by, &wire.Message{Event: wire.AtString("poe://Reference/" + contract.SessionAlias + "/echo"),
		Params: params, RSVP: wire.AtString("poe://Bad/IKCLite/r")})
}

func frameOf(by wire.Serializer, m *wire.Message) ([]byte, error) {
	image, err := by.Freeze(m.ToValue())
	if err != nil {
		return nil, err
	}
	return wire.AppendFrame(nil, image), nil
}

// assault connects, sends frames until it loses its connection or it is over, and returns how many
// octets it sent.
func assault(address, name string, kind hostileKind, frames []byte, over func() bool) (sent int64) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return 0
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	cfg := wire.NegotiatorConfig{Role: wire.Client, KernelID: name, Names: []string{"Bad"}, Serializers: []string{"Storable"}}
	if kind.serializer != nil {
		cfg.Serializers = []string{kind.serializer.Name()}
	}
	for i := range kind.aliases {
		cfg.Names = append(cfg.Names, fmt.Sprint(name, "-", i))
	}
	if _, err := wire.Negotiate(conn, wire.NewNegotiator(cfg), 0, nil); err != nil {
		return 0
	}
	for !over() {
		_ = conn.SetDeadline(time.Now().Add(time.Second))
		n, err := conn.Write(frames)
		sent += int64(n)
		if err != nil {
			return sent
		}
		if kind.once {
			_, _ = io.Copy(io.Discard, conn)
			return sent
		}
	}
	return sent
}
