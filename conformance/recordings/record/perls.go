package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
)

// recordPerls makes captures of the newest release on every Perl beside the one in PATH: its server
// with its client and its ClientLite, in IKC0. A Perl shows in its Storable images, and
// one that knows booleans in the texts of the Freezer.
func recordPerls(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, p := range driver.Perls(driver.PerlsDir()) {
		target, err := targets.Parse("perl@" + slices.Max(driver.Startable) + "/" + p.Name)
		if err != nil {
			return err
		}
		if _, err := about(ctx, target); err != nil {
			return err
		}
		pairs := []harness.Pair{
			{Role: cell.AsClient, Serializer: cell.Storable},
			{Role: cell.AsClientLite, Serializer: cell.Storable},
			{Role: cell.AsClientLite, Serializer: cell.Freezer},
		}
		for _, pair := range pairs {
			pair.Server, pair.Client, pair.Dialect = target, target, cell.IKC0
			pair.Path = filepath.Join(dir, fmt.Sprintf("%s-%s%s.pcapng", p.Name, pair.Role, suffix(pair.Serializer)))
			if err := recordPair(ctx, pair); err != nil {
				return err
			}
		}
	}
	return nil
}
