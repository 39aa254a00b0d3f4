package wire

import (
	"fmt"
	"strings"
)

// Setup is the one line of the IKC0 dialect.
//
//	SETUP KERNEL=<id>,<name>[,<alias>...];FREEZER=<package>[,<package>...];PID=<pid>
//
// Source: Protocol __build_setup, __neg_setup (0.2300 on).
type Setup struct {
	// Kernel holds the unique kernel id, then the name and aliases, last the address of the socket.
	Kernel []string
	// Serializers are Perl package names in order of preference; a server answers with one.
	Serializers []string
	// PID is the process id in decimal, "" if it was not sent.
	PID string
}

// SetupError says what is wrong with a SETUP line.
type SetupError struct {
	Line     string // the line
	Expected string // what was expected
	Got      string // what came
}

func (e *SetupError) Error() string {
	return fmt.Sprintf("negotiation: SETUP: expected %s, got %q (line %q)", e.Expected, e.Got, e.Line)
}

// String is the line without its end.
func (s Setup) String() string {
	const kernel, freezer, pid = "SETUP KERNEL=", ";FREEZER=", ";PID="
	size := len(kernel) + len(freezer) + len(pid) + len(s.PID)
	for _, names := range [][]string{s.Kernel, s.Serializers} {
		for _, name := range names {
			size += len(name) + 1
		}
	}
	var b strings.Builder
	b.Grow(size)
	b.WriteString(kernel)
	join(&b, s.Kernel)
	b.WriteString(freezer)
	join(&b, s.Serializers)
	if s.PID != "" {
		b.WriteString(pid)
		b.WriteString(s.PID)
	}
	return b.String()
}

// join writes names with a comma between each two.
func join(b *strings.Builder, names []string) {
	for i, name := range names {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(name)
	}
}

// IsSetup tells whether a line is meant as a SETUP.
func IsSetup(line string) bool { return strings.HasPrefix(line, "SETUP ") && len(line) > len("SETUP ") }

// ParseSetup reads a SETUP line. Unknown keys, a missing KERNEL and a PID that is no number are
// errors; a missing FREEZER is left to the caller, since the two roles judge it differently.
func ParseSetup(line string) (Setup, error) {
	var s Setup
	rest, ok := strings.CutPrefix(line, "SETUP ")
	if !ok || rest == "" {
		return s, &SetupError{line, "SETUP KERNEL=...;FREEZER=...", line}
	}
	for _, part := range splitTrim(rest, ";") {
		key, value, _ := strings.Cut(part, "=")
		switch {
		case key == "KERNEL" && value != "":
			s.Kernel = append(s.Kernel, splitTrim(value, ",")...)
		case key == "FREEZER" && value != "":
			s.Serializers = append(s.Serializers, splitTrim(value, ",")...)
		case key == "PID" && isDigits(value):
			s.PID = value
		default:
			return s, &SetupError{line, "KERNEL=, FREEZER= or PID=<digits> with a value", part}
		}
	}
	if len(s.Kernel) == 0 {
		return s, &SetupError{line, "a KERNEL", line}
	}
	return s, nil
}

// splitTrim splits as Perl does: empty fields at the end are dropped.
func splitTrim(s, sep string) []string {
	f := strings.Split(s, sep)
	for len(f) > 0 && f[len(f)-1] == "" {
		f = f[:len(f)-1]
	}
	return f
}

func isDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
