package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
)

// recordReleases makes captures of every release that is unpacked in a directory: its server with
// its client and its ClientLite, in each dialect that it has. With other serializers than Storable
// they differ little from release to release: one is recorded of the newest.
func recordReleases(ctx context.Context, dir, releases string) error {
	entries, err := os.ReadDir(releases)
	if err != nil {
		return fmt.Errorf("releases: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for i, e := range entries {
		target, err := targets.Parse("perl@" + e.Name())
		if err != nil {
			return err
		}
		hello, err := about(ctx, target)
		if err != nil {
			return err
		}
		serializers := []cell.Serializer{cell.Storable}
		if i == len(entries)-1 {
			serializers = cell.Serializers()
		}
		for _, tried := range cell.Cells(serializers...) {
			if tried.Role == cell.AsServer || tried.Dialect != cell.IKC && !hello.HasProtocol("IKC0") {
				continue
			}
			name := fmt.Sprintf("perl-%s-%s-%s%s", e.Name(), tried.Role, strings.ToLower(string(tried.Dialect)), suffix(tried.Serializer))
			path := filepath.Join(dir, name+".pcapng")
			pair := harness.Pair{Server: target, Client: target, Role: tried.Role, Dialect: tried.Dialect, Serializer: tried.Serializer, Path: path}
			if err := recordPair(ctx, pair); err != nil {
				return err
			}
		}
	}
	return nil
}

// suffix names a serializer at the end of a file name, unless it is Storable.
func suffix(s cell.Serializer) string {
	if s == cell.Storable {
		return ""
	}
	words := strings.Split(string(s), "::")
	return "-" + strings.ToLower(words[len(words)-1])
}

// about asks a target's driver what it is.
func about(ctx context.Context, t *targets.Target) (*driver.Hello, error) {
	d, hello, err := t.Start(ctx, driver.Options{})
	if err != nil {
		return nil, err
	}
	defer d.Close()
	slices.Sort(hello.Protocols)
	return hello, nil
}
