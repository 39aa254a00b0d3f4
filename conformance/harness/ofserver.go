package harness

import (
	"errors"
	"fmt"
	"net"
	"strings"
)

// serverError is an error of the network that names the server itself: what was read from is the
// relay before it, whose address says nothing to anybody.
type serverError struct {
	error
	text string
}

func (e *serverError) Error() string { return e.text }
func (e *serverError) Unwrap() error { return e.error }

// ofServer is err, about the server at an address.
func ofServer(address string, err error) error {
	var op *net.OpError
	if address == "" || !errors.As(err, &op) {
		return err
	}
	named := fmt.Sprintf("%s %s: %v", op.Op, address, op.Err)
	return &serverError{err, strings.ReplaceAll(err.Error(), op.Error(), named)}
}
