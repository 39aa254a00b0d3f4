package wire

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// StrangerError says that a negotiation came to nothing, and that nothing in what came was a line
// of IKC: most likely there is a server of another protocol.
type StrangerError struct {
	// Began is what came first, octets, at most 64. Empty: nothing came.
	Began []byte
	// Err is how it ended.
	Err error
}

func (e *StrangerError) Error() string {
	if len(e.Began) == 0 {
		return fmt.Sprintf("expected a line of IKC, nothing came: %v", e.Err)
	}
	looks := ProtocolOf(e.Began)
	if looks != "" {
		looks = ", which looks like " + looks
	}
	return fmt.Sprintf("expected a line of IKC, got %+q%s: %v", e.Began, looks, e.Err)
}

// Unwrap returns how it ended.
func (e *StrangerError) Unwrap() error { return e.Err }

// mostHeard bounds what is kept of what came first, in octets.
const mostHeard = 64

// Heard notes what a side hears in a negotiation, to say what came if it comes to nothing. The
// zero value is ready to use.
type Heard struct {
	began [mostHeard]byte
	size  int
	ikc   bool
}

// Octets notes what came, in whatever pieces.
func (h *Heard) Octets(p []byte) { h.size += copy(h.began[h.size:], p) }

// Line notes a line that came.
func (h *Heard) Line(line string) { h.ikc = h.ikc || IsSetup(line) || ikcLine.MatchString(line) }

// IKC tells whether a line came that belongs to a negotiation.
func (h *Heard) IKC() bool { return h.ikc }

// Explain returns the error of a negotiation that came to nothing, as a *StrangerError if no line
// of IKC came. A nil error stays nil.
func (h *Heard) Explain(err error) error {
	if err == nil || h.ikc {
		return err
	}
	return &StrangerError{Began: bytes.Clone(h.began[:h.size]), Err: err}
}

// ikcLine are the lines of a negotiation other than a SETUP. IAM and KERNEL= are like those of no
// other protocol, in whatever letters.
var ikcLine = regexp.MustCompile(`^(?:HELLO(?: IKC\d)?|(?i:IAM)\s.*|(?i:SETUP.*\sKERNEL=.*)|OK|NOT|DONE|FREEZER\s.*|WORLD|UP)$`)

// How requests of other protocols begin.
var (
	httpRequest  = regexp.MustCompile(`^(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|CONNECT|TRACE|PRI) [^ ]`)
	redisRequest = regexp.MustCompile(`^\*[0-9]+\r\n\$`)
)

// ProtocolOf guesses from the first octets of either side which other protocol is spoken, "" if it
// has no idea.
func ProtocolOf(began []byte) string {
	s := string(began)
	switch {
	case strings.HasPrefix(s, "PROXY ") || strings.HasPrefix(s, "\r\n\r\n\x00\r\nQUIT\n"):
		return "PROXY"
	case strings.HasPrefix(s, "HTTP/") || httpRequest.MatchString(s):
		return "HTTP"
	case strings.HasPrefix(s, "SSH-"):
		return "SSH"
	case len(s) >= 3 && (s[0] == 0x15 || s[0] == 0x16) && s[1] == 3:
		return "TLS"
	case strings.HasPrefix(s, "-ERR ") || strings.HasPrefix(s, "-NOAUTH") || redisRequest.MatchString(s):
		return "Redis"
	case strings.HasPrefix(s, "220 ") || strings.HasPrefix(s, "220-"):
		return "SMTP or FTP"
	}
	return ""
}
