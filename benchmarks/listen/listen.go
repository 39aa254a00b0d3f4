// Package listen has what the servers of the benchmarks have in common.
package listen

import (
	"fmt"
	"io"
	"net"
	"os"
)

// Listen listens at an address of its own, and prints it. The program ends with standard input.
func Listen() (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		fmt.Println(l.Addr())
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		}()
	}
	return l, err
}

// Each serves connections.
func Each(serve func(net.Conn)) error {
	l, err := Listen()
	if err != nil {
		return err
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			serve(conn)
		}()
	}
}
