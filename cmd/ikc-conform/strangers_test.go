//go:build unix

package main

import (
	"io"
	"io/fs"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// stranger is a server that does not do as a kernel of IKC does, and how that is told.
type stranger struct {
	name string
	does func(net.Conn)
	says string
}

// answer answers the first octets with a text, and then closes.
func answer(text string) func(net.Conn) {
	return func(c net.Conn) {
		if _, err := c.Read(make([]byte, 4096)); err == nil {
			_, _ = io.WriteString(c, text)
		}
	}
}

// holding answers the first octets with a text, and says nothing more.
func holding(text string) func(net.Conn) {
	return func(c net.Conn) {
		answer(text)(c)
		_, _ = io.Copy(io.Discard, c)
	}
}

// again writes the same for ever, a pause in between.
func again(first, then string, pause time.Duration) func(net.Conn) {
	return func(c net.Conn) {
		if _, err := c.Read(make([]byte, 4096)); err != nil {
			return
		}
		go func() { _, _ = io.Copy(io.Discard, c) }()
		_, err := io.WriteString(c, first)
		for err == nil {
			_, err = io.WriteString(c, then)
			time.Sleep(pause)
		}
	}
}

func strangers() []stranger {
	return []stranger{
		{"HTTP", answer("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"), `"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close`},
		{"SSH", func(c net.Conn) {
			_, _ = io.WriteString(c, "SSH-2.0-OpenSSH_9.2p1\r\n")
			answer("Invalid SSH identification string.\r\n")(c)
		}, `"SSH-2.0-OpenSSH_9.2p1\r\n`},
		{"TLS", answer("\x15\x03\x01\x00\x02\x02\x46"), `"\x15\x03\x01\x00\x02\x02F", which looks like TLS`},
		{"Redis", holding("-ERR unknown command 'SETUP', with args beginning with: 'KERNEL=' \r\n"), `"-ERR unknown command 'SETUP'`},
		{"silence", holding(""), `nothing came`},
		{"trickled lines", again("", "x\r\n", 100*time.Millisecond), `"x\r\n`},
		{"a flood of lines", again("", strings.Repeat("\x1b]52;c;x\x07\r\n", 5000), 0), `"\x1b]52;c;x\a\r\n`},
		{"a line without an end", again("", strings.Repeat("x", 64<<10), 0), `"xxxxxxxx`},
	}
}

// TestStrangers: what is no server of IKC is told so, with what came, and in time, by each command
// that connects.
func TestStrangers(t *testing.T) {
	t.Parallel()
	for _, s := range strangers() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			address := hostileServer(t, s.does)
			for _, args := range [][]string{
				{"run", "tcp:" + address, "--timeout", "1s"},
				{"matrix", "tcp:" + address, "--timeout", "1s", "--cells", "server/IKC"},
				{"oracle", "reference", "tcp:" + address, "--timeout", "2s", "--cells", "server/IKC0"},
				{"ping", address, "--timeout", "1s"},
				{"call", address + "/s/t", "--timeout", "1s"},
				{"post", address + "/s/t", "--timeout", "1s"},
				{"subscribe", address + "/s", "--timeout", "1s"},
				{"monitor", address, "--timeout", "1s"},
			} {
				c := startCommand(t, nil, nil, args...)
				c.within(t, 20*time.Second)
				said := c.out.String() + c.errs.String()
				if got := c.ProcessState.ExitCode(); got != 3 || !strings.Contains(said, s.says) {
					t.Errorf("%v: exit status %d, expected 3 and %q\n%s", args, got, s.says, said)
				}
				if most := 256 << 10; c.peak.Load() > int64(most) {
					t.Errorf("%v: took %d KiB, expected at most %d", args, c.peak.Load(), most)
				}
			}
		})
	}
}

// TestFlood: a server that negotiates, and then says without an end what nobody asked for, is given
// up: in time, and with bounds to the memory and the capture.
func TestFlood(t *testing.T) {
	image, err := storable.Serializer{}.Freeze((&wire.Message{
		Event: wire.AtString("nobody/asked"), Params: perl.NewBytes(strings.Repeat("x", 1000)),
	}).ToValue())
	must(t, err)
	for name, then := range map[string]string{
		"messages":           strings.Repeat(string(wire.AppendFrame(nil, image)), 50),
		"a frame of 90 MB":   "90000000\x00" + strings.Repeat("x", 64<<10),
		"frames with nought": strings.Repeat("0\x00", 30_000),
	} {
		t.Run(name, func(t *testing.T) {
			address, dir := hostileServer(t, again(goodSetup, then, 0)), t.TempDir()
			c := startCommand(t, nil, nil, "run", "tcp:"+address, "--cells", "server/IKC0", "--timeout", "20s", "--captures", dir)
			c.within(t, 2*time.Minute) // it ends in 3 s where nothing else runs
			said := c.out.String() + c.errs.String()
			if got := c.ProcessState.ExitCode(); name != "frames with nought" && (got != 3 || !strings.Contains(said, "it was given up: ")) {
				t.Errorf("exit status %d, expected 3 and that it was given up\n%s", got, said)
			}
			if most := int64(256 << 10); c.peak.Load() > most {
				t.Errorf("took %d KiB, expected at most %d", c.peak.Load(), most)
			}
			var size int64
			must(t, filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				info, err := d.Info()
				size += info.Size()
				return err
			}))
			if size > harness.MaxCapture+1<<20 {
				t.Errorf("recorded %d octets, expected at most %d", size, harness.MaxCapture)
			}
			t.Logf("%d KiB, %d octets recorded, status %d", c.peak.Load(), size, c.ProcessState.ExitCode())
		})
	}
}
