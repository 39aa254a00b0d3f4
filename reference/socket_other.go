//go:build !unix

package ikc

import (
	"errors"
	"net"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// socket is for systems where a connection can be read and written without package net.
type socket struct{}

func socketOf(net.Conn) *socket { return nil }

func (*socket) writeFrame(*wire.Outgoing) (int, error) { return 0, errors.ErrUnsupported }

func (*socket) whenReady(func() bool) error { return errors.ErrUnsupported }

func (*socket) read(*wire.FrameScanner) (int, error) { return 0, errors.ErrUnsupported }
