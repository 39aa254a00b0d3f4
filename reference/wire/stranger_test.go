package wire_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// says is a peer that says something, whatever it is told, and then closes.
type says struct{ io.Reader }

func (says) Write(p []byte) (int, error) { return len(p), nil }

// TestStranger: what came first is told of a peer that never said anything of IKC, whatever its
// pieces, and of no other.
func TestStranger(t *testing.T) {
	for said, expected := range map[string]string{
		"":                                   "expected a line of IKC, nothing came: ",
		"HTTP/1.1 400 Bad Request\r\n\r\n":   `got "HTTP/1.1 400 Bad Request\r\n\r\n", which looks like HTTP: `,
		"SSH-2.0-OpenSSH_9.2\r\n":            `got "SSH-2.0-OpenSSH_9.2\r\n", which looks like SSH: `,
		"\x15\x03\x01\x00\x02\x02\x46":       `got "\x15\x03\x01\x00\x02\x02F", which looks like TLS: `,
		"-ERR unknown command\r\n":           `got "-ERR unknown command\r\n", which looks like Redis: `,
		"\x1b]0;x\x07\u202e\r\n":             `got "\x1b]0;x\a\u202e\r\n": `,
		strings.Repeat("x", 1000):            `got "` + strings.Repeat("x", 64) + `": `,
		"what\r\nNOT\r\n":                    "",
		"IAM somebody\r\n":                   "",
		"SETUP KERNEL=a;FREEZER=Unknown\r\n": "",
	} {
		_, err := wire.Negotiate(says{io.MultiReader(strings.NewReader(said[:len(said)/2]), strings.NewReader(said[len(said)/2:]))},
			negotiator(wire.Client, wire.IKC0), 0, nil)
		var stranger *wire.StrangerError
		switch is := errors.As(err, &stranger); {
		case err == nil:
			t.Errorf("%q: expected an error", said)
		case is != (expected != ""):
			t.Errorf("%q: a StrangerError: %v; got %v", said, is, err)
		case is && (!strings.Contains(err.Error(), expected) || !errors.Is(err, io.ErrUnexpectedEOF)):
			t.Errorf("%q: expected %q and io.ErrUnexpectedEOF, got %v", said, expected, err)
		}
	}
}
