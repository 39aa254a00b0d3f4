package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/recordings"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
	"github.com/perl-ikc/ikc-conform/internal/tempdir"
)

// brokenPair is a conversation that goes wrong, between the real module and a kernel with a defect
// of package mutants.
type brokenPair struct {
	name, defect string
	role         string // of the kernel with the defect
}

func brokenPairs() []brokenPair {
	return []brokenPair{
		{"answers-to-nobody", "rsvp-at-another-kernel", "client"},
		{"characters-counted", "length-counts-characters", "client"},
		{"booleans", "booleans-in-calls", "client"},
		{"answers-twice", "answers-twice", "server"},
	}
}

// recordBroken makes the captures of what practitioners meet. That a conversation ends early is
// what they are about.
func recordBroken(ctx context.Context, dir string) error {
	temp, remove, err := tempdir.New("ikc-conform-record-")
	if err != nil {
		return err
	}
	defer remove()
	command := filepath.Join(temp, "ikc-conform")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", command, "./cmd/ikc-conform").CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w: %s", err, out)
	}
	perl, err := targets.Parse("perl")
	if err != nil {
		return err
	}
	for _, b := range brokenPairs() {
		bad, err := targets.Parse(fmt.Sprintf("cmd:%s driver --defect %s", command, b.defect))
		if err != nil {
			return err
		}
		p := harness.Pair{Server: perl, Client: bad, Role: cell.AsClient, Dialect: cell.IKC0, Path: filepath.Join(dir, b.name+".pcapng")}
		if b.role == "server" {
			p.Server, p.Client = bad, perl
		}
		s, c, err := p.Record(ctx)
		if s == nil || c == nil {
			return fmt.Errorf("%s: %w", p.Path, err)
		}
		fmt.Printf("%s: what broke: %v\n", p.Path, err)
		if err := judgeFile(dir, &recordings.Sidecar{
			Capture: b.name + ".pcapng", Recorded: time.Now().UTC().Format(time.DateOnly), Dialect: string(p.Dialect), Serializer: string(cell.Storable),
			Server: recordings.NewSide("server", s), Client: recordings.NewSide(string(p.Role), c), Defect: b.defect,
		}); err != nil {
			return err
		}
	}
	return nil
}
