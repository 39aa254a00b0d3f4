package capture

import (
	"strconv"
	"strings"
)

// What goes over Unix sockets is recorded as TCP between addresses that are made up, since captures
// know nothing else. Comments on the first packet of a connection say what it was.

// maxSocket bounds the path of a socket that is taken from a comment, in octets: Linux has 108.
const maxSocket = 256

var socketMarks = [2]string{FromClient: "client of unix socket ", FromServer: "server at unix socket "}

// SocketComment is the comment that says by which Unix socket the side that sends in a direction
// was connected.
func SocketComment(from Direction, path string) string {
	return socketMarks[from] + strconv.Quote(path)
}

// sockets are what comments say of Unix sockets. What cannot be shown is left as it was quoted.
func sockets(comments string) (of [2]string) {
	for line := range strings.Lines(comments) {
		for from, mark := range socketMarks {
			quoted, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), mark)
			if !ok || len(quoted) > maxSocket {
				continue
			}
			path, err := strconv.Unquote(quoted)
			if err != nil || strings.ContainsFunc(path, func(r rune) bool { return !strconv.IsPrint(r) }) {
				path = quoted
			}
			of[from] = strings.Clone(path)
		}
	}
	return of
}

// End is the end of the connection of the side that sends in a direction, for people: its address,
// or the Unix socket.
func (c *Conn) End(from Direction) string {
	switch path := c.Sockets[from]; {
	case path == "":
		return c.Side(from).String()
	case from == FromClient:
		return "a client of unix:" + path
	default:
		return "unix:" + path
	}
}
