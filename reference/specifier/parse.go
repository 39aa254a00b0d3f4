package specifier

import "strings"

// The original parses with backtracking regular expressions. What that amounts to is written out
// here; TestParseAsPerl holds it against the real thing.

// parsePoe reads poe:[//KERNEL][/SESSION][/][STATE][?ARG].
func parsePoe(in string) (Specifier, error) {
	var s Specifier
	rest := in[len("poe:"):]
	at := func() int { return len(in) - len(rest) }
	if strings.HasPrefix(rest, "//") {
		rest = rest[2:]
		n := kernelLen(rest, func(tail string) bool { return tail == "" || tail[0] == '/' || tail[0] == '?' })
		s.Kernel, rest = rest[:n], rest[n:]
	}
	if strings.HasPrefix(rest, "/") {
		if n := span(rest[1:], isName); n > 0 {
			s.Session, rest = rest[1:1+n], rest[1+n:]
		}
	}
	rest = strings.TrimPrefix(rest, "/")
	n := span(rest, isName)
	s.State, rest = rest[:n], rest[n:]
	if err := parseArg(in, &s, &rest); err != nil {
		return Specifier{}, err
	}
	// /SESSION/ reads alike with and without the second slash; a specifier of one name after
	// the kernel is a session. "poe:NAME" has no slash, so NAME is a state.
	if rest != "" {
		return Specifier{}, &Error{Input: in, Offset: at(), Expected: "/, a name of [- \\w], ?ARG or the end"}
	}
	return s, nil
}

// parseShort reads [//KERNEL/][SESSION/][STATE][?ARG].
func parseShort(in string) (Specifier, error) {
	var s Specifier
	rest := in
	if strings.HasPrefix(rest, "//") {
		tail := rest[2:]
		n := kernelLen(tail, func(t string) bool { return strings.HasPrefix(t, "/") })
		if n == 0 {
			return Specifier{}, &Error{Input: in, Offset: 2, Expected: "a kernel name followed by /"}
		}
		s.Kernel, rest = tail[:n], tail[n+1:]
	}
	if n := span(rest, isName); n > 0 && strings.HasPrefix(rest[n:], "/") {
		s.Session, rest = rest[:n], rest[n+1:]
	}
	n := span(rest, isName)
	s.State, rest = rest[:n], rest[n:]
	if err := parseArg(in, &s, &rest); err != nil {
		return Specifier{}, err
	}
	if rest != "" {
		return Specifier{}, &Error{Input: in, Offset: len(in) - len(rest), Expected: "/, a name of [- \\w], ?ARG or the end"}
	}
	return s, nil
}

func parseArg(in string, s *Specifier, rest *string) error {
	if !strings.HasPrefix(*rest, "?") {
		return nil
	}
	n := span((*rest)[1:], isWord)
	if n == 0 {
		return &Error{Input: in, Offset: len(in) - len(*rest) + 1, Expected: "an argument of [\\w]"}
	}
	s.Arg, *rest = (*rest)[1:1+n], (*rest)[1+n:]
	return nil
}

// kernelLen is the length of the kernel name at the start of in, the longest reading that what
// follows permits; 0 if there is none.
func kernelLen(in string, follows func(tail string) bool) int {
	if strings.HasPrefix(in, "*") && follows(in[1:]) {
		return 1
	}
	if n := span(in, isKernel); n > 0 && follows(in[n:]) {
		return n
	}
	if n := span(in, isHost); n >= 2 && isAlnum(in[0]) && strings.HasPrefix(in[n:], ":") {
		port := span(in[n+1:], isDigit)
		if port > 0 && follows(in[n+1+port:]) {
			return n + 1 + port
		}
	}
	if rest, ok := strings.CutPrefix(in, "unix:"); ok {
		n := span(rest, isUnix)
		if n > 0 {
			if m := pidFD(rest[n:]); m > 0 && follows(rest[n+m:]) {
				return len("unix:") + n + m
			}
			if follows(rest[n:]) {
				return len("unix:") + n
			}
		}
	}
	return 0
}

// pidFD is the length of ":PID-FD" at the start of in, or 0.
func pidFD(in string) int {
	if !strings.HasPrefix(in, ":") {
		return 0
	}
	a := span(in[1:], isDigit)
	if a == 0 || !strings.HasPrefix(in[1+a:], "-") {
		return 0
	}
	b := span(in[2+a:], isDigit)
	if b == 0 {
		return 0
	}
	return 2 + a + b
}

func span(s string, ok func(byte) bool) int {
	for i := 0; i < len(s); i++ {
		if !ok(s[i]) {
			return i
		}
	}
	return len(s)
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isAlnum(c byte) bool  { return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
func isWord(c byte) bool   { return isAlnum(c) || c == '_' }
func isName(c byte) bool   { return isWord(c) || c == '-' || c == ' ' }
func isKernel(c byte) bool { return isName(c) || c == '.' }
func isHost(c byte) bool   { return isAlnum(c) || c == '-' || c == '.' }
func isUnix(c byte) bool   { return isWord(c) || c == '-' || c == '.' }
