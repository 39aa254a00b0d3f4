package main

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
)

// chosen are the connections that a user wants to see, by their addresses.
type chosen struct {
	host    string
	port    uint16
	network netip.Prefix

	// seen and kept count connections as they are met.
	seen, kept int
	last       *capture.Conn // the newest that was counted
}

func (c *chosen) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.host, "host", "", "only connections from or to this address, or a network such as 10.1.0.0/16")
	cmd.Flags().Uint16Var(&c.port, "port", 0, "only connections from or to this port")
}

// parse reads what was given.
func (c *chosen) parse() error {
	if c.host == "" {
		return nil
	}
	var err error
	if strings.Contains(c.host, "/") {
		c.network, err = netip.ParsePrefix(c.host)
	} else {
		var a netip.Addr
		if a, err = netip.ParseAddr(c.host); err == nil {
			c.network = netip.PrefixFrom(a, a.BitLen())
		}
	}
	if err != nil {
		return fmt.Errorf("--host %q: expected an address such as 10.1.2.3, or a network such as 10.1.0.0/16", c.host)
	}
	return nil
}

// asked tells whether anything is left out.
func (c *chosen) asked() bool { return c.host != "" || c.port != 0 }

// found tells whether a connection was chosen, so far as the capture was read.
func (c *chosen) found() bool { return c.kept > 0 }

// filter tells which connections are chosen, nil for all.
func (c *chosen) filter() func(*capture.Conn) bool {
	if !c.asked() {
		return nil
	}
	return func(conn *capture.Conn) bool {
		keep := c.end(conn.Client) || c.end(conn.Server)
		if c.last == nil || conn.Index > c.last.Index {
			c.last = conn
			if c.seen++; keep {
				c.kept++
			}
		}
		return keep
	}
}

// end tells whether one end of a connection is what was asked for.
func (c *chosen) end(at netip.AddrPort) bool {
	return (c.host == "" || c.network.Contains(at.Addr().Unmap())) && (c.port == 0 || at.Port() == c.port)
}

// of says how many connections there are to look at, of all that a capture has.
func (c *chosen) of(all int) string {
	if c.asked() {
		all = c.kept
	}
	return connections(all)
}

func connections(n int) string {
	if n == 1 {
		return "1 connection"
	}
	return fmt.Sprintf("%d connections", n)
}

// nothing says that no connection was chosen.
func (c *chosen) nothing() error {
	var what []string
	if c.host != "" {
		what = append(what, "--host "+c.host)
	}
	if c.port != 0 {
		what = append(what, fmt.Sprintf("--port %d", c.port))
	}
	return &usageError{fmt.Sprintf("%s: nothing of %s matches", strings.Join(what, " "), connections(c.seen))}
}
