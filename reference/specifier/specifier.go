// Package specifier reads and writes the addresses of IKC: poe://KERNEL/SESSION/STATE.
//
// The grammar is that of POE::Component::IKC::Specifier (specifier_parse, 0.1801 to 0.2402, which
// agree). Two spellings are accepted:
//
//	poe:[//KERNEL][/SESSION][/][STATE][?ARG]
//	[//KERNEL/][SESSION/][STATE][?ARG]
//
// KERNEL is "*", a name of [-. \w], host:port, or unix:name with an optional :pid-fd; SESSION and
// STATE are of [- \w]; ARG is of \w, ASCII.
package specifier

import (
	"fmt"
	"strings"
)

// Specifier is an address. Every part may be empty: the default kernel, no session, no state.
// Specifiers can be compared by ==. What Parse would not take, such as a session with a slash, is
// not looked for in one that is made by hand; it can be sent as a hash, and String writes what
// nobody reads back.
type Specifier struct {
	Kernel  string
	Session string
	State   string
	// Arg is the "?ARG" of a string specifier: one more argument for the state. It is never
	// part of String, as in the original's specifier_name.
	Arg string
}

// Any is the kernel name that stands for every kernel known.
const Any = "*"

// ProxyState is the state by which several arguments reach a state: params is [state, [args]].
const ProxyState = "IKC:proxy"

// Error says why a string is not a specifier, or not the one that was wanted.
type Error struct {
	Input    string
	Offset   int    // of the first octet that fits no reading
	Expected string // what could stand there
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("specifier %q: expected %s at offset %d, found %q", e.Input, e.Expected, e.Offset, e.Input[min(e.Offset, len(e.Input)):])
}

// String is the canonical spelling: poe:, then each part that is not empty, as the original's
// specifier_name writes it. Arg is left out.
func (s Specifier) String() string {
	var b strings.Builder
	b.Grow(len(s.Kernel) + len(s.Session) + len(s.State) + 8)
	b.WriteString("poe:")
	if s.Kernel != "" {
		b.WriteString("//")
		b.WriteString(s.Kernel)
	}
	if s.Session != "" {
		b.WriteByte('/')
		b.WriteString(s.Session)
	}
	if s.State != "" {
		b.WriteByte('/')
		b.WriteString(s.State)
	}
	return b.String()
}

// IsZero tells whether no part is set.
func (s Specifier) IsZero() bool {
	return s.Kernel == "" && s.Session == "" && s.State == "" && s.Arg == ""
}

// Parse reads a specifier. The error, if any, is an *Error. What Perl takes for false is nothing to
// the original: the strings "" and "0" are no specifiers, and a part that is "0" is as good as
// absent. One newline at the end is passed over.
func Parse(in string) (Specifier, error) {
	if in == "" || in == "0" {
		return Specifier{}, &Error{Input: in, Expected: "poe://KERNEL/SESSION/STATE"}
	}
	parse := parseShort
	if strings.HasPrefix(in, "poe:") {
		parse = parsePoe
	}
	s, err := parse(strings.TrimSuffix(in, "\n"))
	for _, part := range []*string{&s.Kernel, &s.Session, &s.State, &s.Arg} {
		if *part == "0" {
			*part = ""
		}
	}
	return s, err
}
