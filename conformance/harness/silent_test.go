package harness_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/clientlite"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// TestSilentReleases: a kernel, a ClientLite and a run find the way to a server of a release that
// says nothing to SETUP, each release that there is.
func TestSilentReleases(t *testing.T) {
	releases := driver.Releases(driver.ReleasesDir())
	last := slices.Index(releases, "0.2302")
	if last < 1 {
		t.Skip("no old releases are unpacked here: see IKC_RELEASES")
	}
	for _, release := range releases[:last] {
		t.Run(release, func(t *testing.T) {
			at, end, err := harness.Stand(t.Context(), target(t, "perl@"+release), "")
			if err != nil {
				t.Skipf("%v", err)
			}
			defer end()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			k, err := ikc.New(ikc.Config{Logger: slog.New(slog.DiscardHandler), HelloAfter: 300 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			defer k.Shutdown(ctx)
			for i := range 2 {
				c, err := k.Dial(ctx, "tcp", at)
				if err != nil {
					t.Fatal(err)
				}
				// The second time it is known.
				if v, err := k.Call(ctx, "poe://"+c.Peer().ID+"/IKC/ping", "PING"); err != nil || v.Str() != "PONG" || c.Silent() != (i == 0) {
					t.Errorf("a kernel: got %v, %v, silent %v", v, err, c.Silent())
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}
			lite, err := clientlite.Spawn(ctx, clientlite.Config{Address: at, HelloAfter: 300 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			defer lite.Disconnect()
			if v, err := lite.Call(ctx, "IKC/ping", "PING"); err != nil || v.Str() != "PONG" || lite.Dialect() != wire.IKC {
				t.Errorf("a ClientLite: got %v, %v by %v", v, err, lite.Dialect())
			}
		})
	}
}
