package wire

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// NegotiatorConfig says who we are and what we speak.
type NegotiatorConfig struct {
	// Role is our side. The zero value is Client.
	Role Role
	// Dialect is what a client opens with. A server with IKC refuses SETUP; one with IKC0
	// takes both. The zero value is IKC0.
	Dialect Dialect
	// KernelID is the unique id; Names are the name, the aliases, and last the local address.
	// ClientLite has no id: there KernelID is its name and Names is empty.
	KernelID string
	Names    []string
	// PID is announced in SETUP; "" leaves it out.
	PID string
	// Serializers are the packages we can use, best first; one at least, or nothing can be agreed
	// on. A server takes the first of the client's list that is among them.
	Serializers []string
	// NoDefault: a client whose serializers were all refused gives up, as a ClientLite does, and
	// does not go on with DefaultSerializer.
	NoDefault bool
	// HelloAfter is how long Negotiate has a client wait for the answer to its SETUP before it goes
	// on with HELLO on the same connection: see Silence. 0: for ever.
	HelloAfter time.Duration
	// MaxLines bounds the lines of the other side; 0 means DefaultMaxLines.
	MaxLines int
}

// DefaultMaxLines bounds the lines that a side may send to negotiate.
const DefaultMaxLines = 512

// Peer is what a negotiation tells of the other side.
type Peer struct {
	// ID is the unique kernel id: the first name given.
	ID string
	// Aliases are the other names in the order given: by SETUP the name, then aliases and address;
	// by IAM the reverse.
	Aliases []string
	// PID as in SETUP, else "".
	PID string
}

// ErrRefused is matched by the error of a negotiation in which there was nothing to agree on.
var ErrRefused = errors.New("negotiation refused")

// Negotiator is the state machine of one side of one negotiation. It does no I/O: send what Start
// and Receive return, feed Receive with every line that comes, until Done.
//
// Source: Channel server_000 to server_010, client_000 to client_010, negociate_001.
type Negotiator struct {
	cfg      NegotiatorConfig
	phase    phase
	dialect  Dialect
	names    []string // still to be announced by IAM, last first
	offers   []string // serializers still to be offered by FREEZER
	offered  string
	remote   []string
	pid      string
	freezer  string
	received int
	silence  bool // went on with HELLO since nothing came
}

type phase uint8

const (
	phaseSetup   phase = iota // 010: one SETUP each way
	phaseHello                // 000
	phaseIAm                  // 001: we say who we are
	phaseWhoAreU              // 002 of the server: the other side says who it is
	phaseFreezer              // 002 of the client, 003 of the server
	phaseWorld                // 003 of the client
	phaseDone
)

// NewNegotiator prepares a negotiation. Names that ValidName does not take are announced as they
// are; it is up to the caller.
func NewNegotiator(cfg NegotiatorConfig) *Negotiator {
	if cfg.MaxLines == 0 {
		cfg.MaxLines = DefaultMaxLines
	}
	n := &Negotiator{cfg: cfg, dialect: cfg.Dialect, phase: phaseHello}
	if cfg.Dialect == IKC0 {
		n.phase = phaseSetup
	}
	return n
}

// Start returns the lines that open the negotiation: none for a server.
func (n *Negotiator) Start() []string {
	if n.cfg.Role == Server {
		return nil
	}
	if n.phase == phaseSetup {
		return []string{n.setup(n.cfg.Serializers).String()}
	}
	return []string{"HELLO"}
}

// Done tells whether frames come next.
func (n *Negotiator) Done() bool { return n.phase == phaseDone }

// Dialect returns the dialect in use; after a fallback it is IKC.
func (n *Negotiator) Dialect() Dialect { return n.dialect }

// Peer returns what the other side said of itself. Valid once Done.
func (n *Negotiator) Peer() Peer {
	p := Peer{PID: n.pid}
	if len(n.remote) > 0 {
		p.ID, p.Aliases = n.remote[0], n.remote[1:]
	}
	return p
}

// Serializer returns the package agreed on, DefaultSerializer if none was named. Valid once Done.
func (n *Negotiator) Serializer() string {
	if n.freezer == "" {
		return DefaultSerializer
	}
	return n.freezer
}

// Silence tells it that nothing has come for a while. A client that waits for the answer to its
// SETUP goes on with HELLO, which it returns: servers of the releases 0.1801 to 0.2200 say nothing
// to a SETUP and wait for a HELLO. Otherwise it returns nothing. Should the answer come after all,
// Receive fails with ErrLateSetup. Source: Channel server_000 of 0.2200; the original's own clients
// wait for ever.
func (n *Negotiator) Silence() []string {
	if n.cfg.Role != Client || n.phase != phaseSetup || n.received > 0 {
		return nil
	}
	n.phase, n.dialect, n.silence = phaseHello, IKC, true
	return []string{"HELLO"}
}

// Silent tells whether the server said nothing to SETUP and took HELLO. Valid once Done.
func (n *Negotiator) Silent() bool { return n.silence }

// ErrLateSetup is matched by the error of a negotiation in which the server answered the SETUP of a
// client when that had gone on with HELLO. What the client has said is no frame for it, so that the
// connection is of no use; on another one, with more patience, they will agree.
var ErrLateSetup = errors.New("the server answered SETUP late, when HELLO had been said")

// Receive takes a line from the other side, without its end, and returns the lines to send. An
// error, which matches ErrRefused, ends the negotiation: the connection is of no use any more. A
// line that makes no sense is not an error: it is answered NOT, or passed over.
func (n *Negotiator) Receive(line string) (reply []string, err error) {
	if n.received++; n.received > n.cfg.MaxLines {
		return nil, fmt.Errorf("%w: no agreement after %d lines (the limit)", ErrRefused, n.cfg.MaxLines)
	}
	if n.cfg.Role == Server {
		return n.serve(line), nil
	}
	return n.ask(line)
}

func (n *Negotiator) serve(line string) []string {
	switch n.phase {
	case phaseSetup:
		switch {
		case helloDigit(line):
			return not
		case line == "HELLO":
			n.phase, n.dialect = phaseHello, IKC
			return n.serve(line)
		case IsSetup(line):
			return n.answerSetup(line)
		}
		return nil // anything else is passed over
	case phaseHello:
		switch {
		case helloDigit(line), strings.HasPrefix(line, "SETUP"):
			return not
		case line == "HELLO":
			n.names, n.phase = n.cfg.Names, phaseIAm
			return []string{"IAM " + n.cfg.KernelID}
		}
		return nil
	case phaseIAm:
		return n.nextIAm(line, phaseWhoAreU)
	case phaseWhoAreU:
		if line == "DONE" {
			n.phase = phaseFreezer
			return nil
		}
		return n.takeIAm(line)
	case phaseFreezer:
		if line == "WORLD" {
			n.phase = phaseDone
			return []string{"UP"}
		}
		if name, ok := ParseFreezer(line); ok && n.canUse(name) {
			n.freezer = name
			return []string{"OK"}
		}
	}
	return prod(line)
}

func (n *Negotiator) answerSetup(line string) []string {
	s, err := ParseSetup(line)
	if err != nil {
		return not
	}
	for _, name := range s.Serializers {
		if n.canUse(name) {
			n.freezer, n.remote, n.pid, n.phase = name, s.Kernel, s.PID, phaseDone
			return []string{n.setup([]string{name}).String()}
		}
	}
	return not
}

func (n *Negotiator) ask(line string) ([]string, error) {
	switch n.phase {
	case phaseSetup:
		if line == "NOT" { // it speaks only IKC
			n.phase, n.dialect = phaseHello, IKC
			return []string{"HELLO"}, nil
		}
		s, err := ParseSetup(line)
		if err != nil || len(s.Serializers) != 1 {
			return not, nil
		}
		if !n.canUse(s.Serializers[0]) {
			return nil, fmt.Errorf("%w: expected a FREEZER of %s, the server chose %q", ErrRefused,
				strings.Join(n.cfg.Serializers, ", "), s.Serializers[0])
		}
		n.freezer, n.remote, n.pid, n.phase = s.Serializers[0], s.Kernel, s.PID, phaseDone
		return nil, nil
	case phaseHello:
		if line == "DONE" {
			n.names, n.phase = n.cfg.Names, phaseIAm
			return []string{"IAM " + n.cfg.KernelID}, nil
		}
		if n.silence && len(n.remote) == 0 && IsSetup(line) {
			return nil, ErrLateSetup
		}
		return n.takeIAm(line), nil
	case phaseIAm:
		reply := n.nextIAm(line, phaseFreezer)
		if n.phase == phaseFreezer {
			n.offers = n.cfg.Serializers
			offer, err := n.offer()
			return append(reply, offer...), err
		}
		return reply, nil
	case phaseFreezer:
		switch line {
		case "OK":
			n.freezer, n.phase = n.offered, phaseWorld
			return []string{"WORLD"}, nil
		case "NOT":
			return n.offer()
		}
	case phaseWorld:
		if line == "UP" {
			n.phase = phaseDone
			if !n.canUse(n.Serializer()) {
				return nil, fmt.Errorf("%w: the server refused %s, and the default, %s, is not among them", ErrRefused,
					strings.Join(n.cfg.Serializers, ", "), DefaultSerializer)
			}
			return nil, nil
		}
	}
	return prod(line), nil
}

// offer returns the next FREEZER line, or WORLD when the list has ended: the default serializer
// is then used, unless that is not wanted.
func (n *Negotiator) offer() ([]string, error) {
	if len(n.offers) == 0 {
		if n.cfg.NoDefault {
			return nil, fmt.Errorf("%w: the server refused %s", ErrRefused, strings.Join(n.cfg.Serializers, ", "))
		}
		n.offered, n.freezer, n.phase = "", "", phaseWorld
		return []string{"WORLD"}, nil
	}
	n.offered, n.offers = n.offers[0], n.offers[1:]
	return []string{"FREEZER " + n.offered}, nil
}

// nextIAm answers an OK with the next of our names, the last alias first, or with DONE.
func (n *Negotiator) nextIAm(line string, next phase) []string {
	if line != "OK" {
		return prod(line)
	}
	if len(n.names) == 0 {
		n.phase = next
		return []string{"DONE"}
	}
	last := len(n.names) - 1
	name := n.names[last]
	n.names = n.names[:last]
	return []string{"IAM " + name}
}

// takeIAm notes a name of the other side.
func (n *Negotiator) takeIAm(line string) []string {
	name, ok := ParseIAm(line)
	if !ok {
		return prod(line)
	}
	n.remote = append(n.remote, name)
	return []string{"OK"}
}

func (n *Negotiator) setup(serializers []string) Setup {
	kernel := append([]string{n.cfg.KernelID}, n.cfg.Names...)
	return Setup{Kernel: kernel, Serializers: serializers, PID: n.cfg.PID}
}

func (n *Negotiator) canUse(name string) bool {
	for _, s := range n.cfg.Serializers {
		if s == name {
			return true
		}
	}
	return false
}

var (
	not         = []string{"NOT"}
	iamLine     = regexp.MustCompile(`^IAM\s+([-:.\w]+)$`)
	freezerLine = regexp.MustCompile(`^FREEZER\s+([-:\w]+)$`)
	helloLine   = regexp.MustCompile(`^HELLO IKC\d$`)
)

// ParseIAm reads a line IAM, without its end, by which a kernel tells one of its names. ok is false
// for any other line, and if the name is none that ValidName takes, or has anything behind it.
func ParseIAm(line string) (name string, ok bool) { return parsed(iamLine, line) }

// ParseFreezer reads a line FREEZER, without its end, by which a client offers a serializer. ok is
// false for any other line, and if the name is none that ValidSerializer takes, or has anything
// behind it.
func ParseFreezer(line string) (name string, ok bool) { return parsed(freezerLine, line) }

func parsed(line *regexp.Regexp, text string) (name string, ok bool) {
	m := line.FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	return m[1], true
}

func helloDigit(line string) bool { return helloLine.MatchString(line) }

// prod tells the other side that its line made no sense; a NOT is never answered by another.
func prod(line string) []string {
	if line == "NOT" {
		return nil
	}
	return not
}

// ValidName tells whether a kernel name can be announced by IAM: one or more of [-:.\w].
func ValidName(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case c == '-', c == ':', c == '.', c == '_', '0' <= c && c <= '9', 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z':
		default:
			return false
		}
	}
	return name != ""
}

// ValidSerializer tells whether a package name can be offered by FREEZER: one or more of [-:\w].
func ValidSerializer(name string) bool { return freezerLine.MatchString("FREEZER " + name) }
