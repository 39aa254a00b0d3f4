package relay_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
)

// shouter makes capitals of words, and ends the direction with an error at a word.
type shouter struct {
	pass func([]byte)
	at   string
	err  error
}

func (s *shouter) Rewrite(octets []byte) error {
	s.pass(bytes.ToUpper(octets))
	if s.at != "" && strings.Contains(string(octets), s.at) {
		return s.err
	}
	return nil
}

func (s *shouter) End(err error) {
	if errors.Is(err, io.EOF) {
		s.pass([]byte("!"))
	}
}

// TestRewrite: what a Rewriter makes is recorded and passed on, and what ends a direction is
// recorded as if the side had ended it.
func TestRewrite(t *testing.T) {
	for _, test := range []struct {
		name, at string
		err      error
		answer   string
		said     []string
	}{
		{"to the end", "", nil, "you said HELLO!",
			[]string{"0 opened", "0 client: HELLO!", "0 client FIN", "0 server: you said HELLO!", "0 server FIN"}},
		{"closed", "hello", io.EOF, "you said HELLO!",
			[]string{"0 opened", "0 client: HELLO!", "0 client FIN", "0 server: you said HELLO!", "0 server FIN"}},
		{"reset", "hello", errors.New("reset"), "", []string{"0 opened", "0 client: HELLO", "0 client RST"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := NewWithT(t)
			s := serve(t, "tcp", "127.0.0.1:0", func(conn net.Conn) {
				if all, err := io.ReadAll(conn); err == nil {
					_, _ = io.WriteString(conn, "you said "+string(all))
				}
			})
			b := start(t, relay.Options{
				TargetAddress: s.Addr().String(),
				Rewrite: func(_ int, from capture.Direction, pass func([]byte)) relay.Rewriter {
					if from == capture.FromClient {
						return &shouter{pass, test.at, test.err}
					}
					return &quiet{pass}
				},
			})
			conn := b.dial(t)
			_, err := io.WriteString(conn, "hello")
			must(t, err)
			if test.err == nil {
				must(t, conn.(*net.TCPConn).CloseWrite())
			}
			must(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
			answer, _ := io.ReadAll(conn)
			g.Expect(string(answer)).To(Equal(test.answer))
			must(t, conn.Close())
			g.Expect(b.finish(t)).To(Succeed())
			g.Expect(b.said(t)).To(Equal(test.said))
		})
	}
}

// quiet changes nothing.
type quiet struct{ pass func([]byte) }

func (q *quiet) Rewrite(octets []byte) error { q.pass(octets); return nil }
func (q *quiet) End(error)                   {}
