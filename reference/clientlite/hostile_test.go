package clientlite_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/clientlite"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// hostileServer has a server of one connection do something with it, and returns its address.
func hostileServer(t *testing.T, sent *atomic.Int64, do func(conn net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
			do(&counting{conn, sent})
			conn.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

// counting counts what is written.
type counting struct {
	net.Conn
	sent *atomic.Int64
}

func (c *counting) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.sent.Add(int64(n))
	return n, err
}

// agreed answers the client's SETUP, under these names.
func agreed(conn net.Conn, names ...string) {
	_, _ = conn.Read(make([]byte, 4096))
	_, _ = fmt.Fprintf(conn, "SETUP KERNEL=%s;FREEZER=Storable\r\n", strings.Join(names, ","))
}

// request reads the client's call, which is short.
func request(conn net.Conn) {
	_, _ = conn.Read(make([]byte, 4096))
}

func post(to string, params *perl.Value) []byte {
	image, err := storable.Freeze((&wire.Message{Event: wire.AtString(to), Params: params}).ToValue())
	if err != nil {
		panic(err) // no value here can fail
	}
	return wire.AppendFrame(nil, image)
}

// nestedClaims is an image of arrays, each of which says that it has as many elements as octets are
// left.
func nestedClaims(octets int) []byte {
	image := []byte("\x05\x0b")
	for left := octets; left >= 5; left -= 5 {
		image = append(image, 0x02)
		image = binary.BigEndian.AppendUint32(image, uint32(left-5))
	}
	return image
}

// What a server does cannot make a client hang, nor hold much more than it was sent.
func TestHostileServers(t *testing.T) {
	flood := func(conn net.Conn, what []byte) {
		for range 20_000 {
			if _, err := conn.Write(what); err != nil {
				return
			}
		}
	}
	tests := []struct {
		name   string
		do     func(conn net.Conn)
		answer string // that the call gets all the same; "" if it must fail
	}{
		{"nested claims", func(conn net.Conn) {
			agreed(conn, "Server")
			request(conn)
			_, _ = conn.Write(wire.AppendFrame(nil, nestedClaims(60_000)))
			_, _ = io.Copy(io.Discard, conn)
		}, ""},
		{"a frame that is never finished", func(conn net.Conn) {
			agreed(conn, "Server")
			request(conn)
			_, _ = io.WriteString(conn, "100000000\x00\x05\x0b")
			_, _ = io.Copy(io.Discard, conn)
		}, ""},
		{"messages that nobody waits for", func(conn net.Conn) {
			agreed(conn, "Server")
			request(conn)
			flood(conn, post("poe://Lite/IKCLite/other", perl.NewBytes(strings.Repeat("x", 1000))))
		}, ""},
		{"answers to calls that have not been made", func(conn net.Conn) {
			agreed(conn, "Server")
			request(conn)
			for i := 2; i < 100; i++ {
				_, _ = conn.Write(post(fmt.Sprintf("poe://Lite/IKCLite/response%d", i), perl.NewBytes("forged")))
			}
			for i := range 3 {
				_, _ = conn.Write(post(fmt.Sprintf("poe://Lite/IKCLite/response%d", i), perl.NewBytes(fmt.Sprint("answer", i))))
			}
			_, _ = io.Copy(io.Discard, conn)
		}, "answer0"},
		{"lines without end", func(conn net.Conn) { flood(conn, []byte(strings.Repeat("x", 1000))) }, ""},
		{"lines without number", func(conn net.Conn) { flood(conn, []byte("x\r\n")) }, ""},
		{"a line at a time", func(conn net.Conn) {
			for range 30 {
				if _, err := io.WriteString(conn, "x\r\n"); err != nil {
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
		}, ""},
		{"names without number", func(conn net.Conn) {
			agreed(conn, strings.Split(strings.Repeat("name,", 3000)+"Server", ",")...)
			request(conn)
			_, _ = conn.Write(post("poe://Lite/IKCLite/response0", perl.NewBytes("answer")))
			_, _ = io.Copy(io.Discard, conn)
		}, "answer"},
		{"another protocol", func(conn net.Conn) { _, _ = io.WriteString(conn, "SSH-2.0-server\r\n") }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var sent atomic.Int64
			address := hostileServer(t, &sent, tt.do)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := time.Now()
			c := clientlite.New(clientlite.Config{Name: "Lite", Address: address, Timeout: 500 * time.Millisecond})
			defer c.Disconnect()
			v, err := c.Call(soon(t), "me/echo", "x")
			runtime.ReadMemStats(&after)
			switch {
			case tt.answer == "" && err == nil:
				t.Errorf("got %s, expected an error", perl.Format(v, perl.FormatOptions{MaxWidth: 100}))
			case tt.answer != "" && (err != nil || v.Str() != tt.answer):
				t.Errorf("got %v, %v, expected %s", v, err, tt.answer)
			}
			if took := time.Since(began); took > 8*time.Second {
				t.Errorf("took %v", took)
			}
			// What is thrown away at once counts too, so this is more than was held at a time.
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20+64*uint64(sent.Load()) {
				t.Errorf("allocated %d octets for %d", grown, sent.Load())
			}
		})
	}
}
