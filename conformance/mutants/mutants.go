// Package mutants tests the checks: it has kernels with one defect each, and tells which checks
// fail on them. Each check must kill a defect, and each defect must be killed by the checks that
// name it.
//
// A [Defect] is of a server, of a client, or of a ClientLite. Servers are made for the purpose, by
// hand (package server); clients and ClientLites are the reference, whose words are changed on
// their way out (package client); what octets and images can have wrong, both share (package
// octets).
package mutants

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/mutants/client"
	"github.com/perl-ikc/ikc-conform/conformance/mutants/server"
	"github.com/perl-ikc/ikc-conform/conformance/refdriver"
)

// Defect is one thing that a kernel or a ClientLite does wrong.
type Defect struct {
	// Name is a few words; Text says what it does in a sentence.
	Name, Text string
	// Kills are the checks that must fail.
	Kills []string
	// Cell is where it shows. Its Role is what has the defect. A Dialect that is empty means all.
	Cell cell.Cell

	server *server.Behaviour // nil: it is a client's
}

// Defects lists all there are: those of servers, then those of clients and ClientLites.
func Defects() []*Defect {
	var list []*Defect
	for _, b := range server.Behaviours() {
		list = append(list, &Defect{Name: b.Name, Text: b.Text, Kills: b.Kills, Cell: cell.Cell{Role: cell.AsServer}, server: b})
	}
	for _, b := range client.Behaviours() {
		at := cell.Cell{Role: b.Role, Dialect: b.Dialect, Serializer: b.Serializer}
		list = append(list, &Defect{Name: b.Name, Text: b.Text, Kills: b.Kills, Cell: at})
	}
	return list
}

// Find returns the defect with a name, which may have dashes for its spaces; nil if there is none.
// Where a server and a client have one of the same name, it is the client's: a kernel that has it
// is the reference otherwise, and can be in every role.
func Find(name string) *Defect {
	name = strings.ReplaceAll(name, "-", " ")
	for _, d := range slices.Backward(Defects()) {
		if strings.ReplaceAll(d.Name, "-", " ") == name {
			return d
		}
	}
	return nil
}

// Serve is cfg.Serve for a kernel that has the defect. A server with a defect is not the
// reference: its driver knows no commands but hello and listen, since the conformance session is
// published from the start.
func (d *Defect) Serve(ctx context.Context, in io.Reader, out io.Writer, cfg refdriver.Config) error {
	if d.server != nil {
		return serveServer(ctx, in, out, d.server)
	}
	client.Find(d.Name).Apply(&cfg) // found anew: it may remember what it has done
	return cfg.Serve(ctx, in, out)
}

// serveServer is the driver of a server with a defect.
func serveServer(ctx context.Context, in io.Reader, out io.Writer, b *server.Behaviour) error {
	var running *server.Server
	defer func() {
		if running != nil {
			_ = running.Close()
		}
	}()
	s := driver.NewServer(out)
	s.Handle("hello", func(context.Context, *driver.Request) (any, error) {
		return driver.Hello{
			Protocol: driver.ProtocolVersion, Driver: "ikc-conform/mutants", Implementation: "ikc-conform/mutants", Release: refdriver.Release,
			Capabilities: []string{string(cell.AsServer), driver.SessionPublished}, Protocols: []string{"IKC0", "IKC"},
			Serializers: []string{string(cell.Storable)}, Commands: s.Commands(),
		}, nil
	})
	s.Handle("listen", func(_ context.Context, r *driver.Request) (any, error) {
		var f driver.Listen
		if err := r.Decode(&f); err != nil {
			return nil, err
		}
		if running != nil {
			return nil, driver.Errorf(driver.Failed, "it listens at %s already", running.Addr())
		}
		var err error
		running, err = server.Start(server.Options{Behaviour: b, OnlyIKC: f.Protocol == "IKC"})
		if err != nil {
			return nil, err
		}
		return driver.Listening{Address: running.Addr()}, nil
	})
	return s.Serve(ctx, in)
}
