package targets

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/perl-ikc/ikc-conform/conformance/container"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
)

// isPerl tells whether a spec is that of a POE::Component::IKC.
func isPerl(spec string) bool {
	return spec == "perl" || len(spec) > len("perl@") && (strings.HasPrefix(spec, "perl@") || strings.HasPrefix(spec, "perl/"))
}

// WithPerl is the spec of the same target with a Perl, if it is that of a POE::Component::IKC and
// names none. A path may be relative.
func WithPerl(spec, perl string) (string, error) {
	if perl == "" || !isPerl(spec) || strings.Contains(spec, "/") {
		return spec, nil
	}
	if strings.ContainsRune(perl, filepath.Separator) {
		path, err := filepath.Abs(perl)
		if err != nil {
			return "", fmt.Errorf("target %q with perl %q: %w", spec, perl, err)
		}
		perl = path
	}
	return spec + "/" + perl, nil
}

// perlTarget reads perl[@RELEASE][/PERL].
func perlTarget(t *Target, spec string) error {
	of, perl, named := strings.Cut(strings.TrimPrefix(spec, "perl"), "/")
	release := strings.TrimPrefix(of, "@")
	if named && perl == "" || of == "@" {
		return errors.New("expected perl, perl@RELEASE, perl/PERL or perl@RELEASE/PERL")
	}
	lib, missing := "", error(nil)
	if release != "" {
		lib, missing = releaseDir(release)
	}
	image, err := perlContainer(cmp.Or(release, container.DefaultRelease), perl)
	switch {
	case err != nil:
		return err
	case missing == nil:
		perlHere(t, perl, lib, image)
	case image == nil:
		t.prepare = func(context.Context) error { return missing }
		t.start = func(context.Context, driver.Options) (*driver.Driver, error) { return nil, missing }
	default:
		image.instead = missing
		image.use(t)
	}
	return nil
}

// perlContainer is a container of a release of POE::Component::IKC, with the Perl of a name or, if
// that is empty, the usual one. It is nil if the Perl is named by its path or its version, since
// such are of this machine.
func perlContainer(release, perl string) (*contained, error) {
	base := ""
	if perl != "" {
		base = container.PerlBase(perl)
	}
	if _, err := container.PerlImage(release, base); err != nil {
		return nil, err
	}
	if strings.ContainsRune(perl, filepath.Separator) || driver.IsPerlVersion(perl) {
		return nil, nil
	}
	return &contained{image: func(ctx context.Context, e *container.Engine) (string, error) {
		if base != "" {
			switch have, err := e.HasImage(ctx, base); {
			case err != nil:
				return "", err
			case !have:
				return "", fmt.Errorf("container: there is no image %s; 'ikc-conform perls add %s --image' makes one", base, perl)
			}
		}
		return e.Perl(ctx, release, base)
	}}, nil
}

// perlHere is the POE::Component::IKC in lib, or the one that a Perl of this machine finds, and
// where it cannot be used a container, nil if there is none.
func perlHere(t *Target, perl, lib string, fallback *contained) {
	if fallback == nil {
		t.start = perlDriver(perl, lib)
		t.prepare = func(ctx context.Context) error {
			_, err := findPerl(ctx, perl, lib)
			return err
		}
		return
	}
	var mu sync.Mutex
	// find says why the local one cannot be used; its error, why neither can.
	find := func(ctx context.Context) (missing, err error) {
		mu.Lock()
		defer mu.Unlock()
		if _, missing = findPerl(ctx, perl, lib); missing == nil || ctx.Err() != nil {
			return nil, missing
		}
		if err := fallback.prepare(ctx); err != nil {
			return missing, fmt.Errorf("%w; and a container cannot be had: %w", missing, err)
		}
		return missing, nil
	}
	t.prepare = func(ctx context.Context) error {
		_, err := find(ctx)
		return err
	}
	t.start = func(ctx context.Context, opts driver.Options) (*driver.Driver, error) {
		missing, err := find(ctx)
		switch {
		case err != nil:
			return nil, err
		case missing != nil:
			return fallback.start(ctx, opts)
		}
		return perlDriver(perl, lib)(ctx, opts)
	}
	t.close = fallback.close
}

// findPerl finds a Perl of this machine by its name, "" for the one in PATH, with the module that
// is in lib or, if that is empty, where it looks.
func findPerl(ctx context.Context, name, lib string) (*driver.PerlInstall, error) {
	perl, err := driver.FindInterpreter(ctx, name)
	if err != nil {
		return nil, err
	}
	return perl.Find(ctx, lib)
}

func perlDriver(name, lib string) func(context.Context, driver.Options) (*driver.Driver, error) {
	return func(ctx context.Context, opts driver.Options) (*driver.Driver, error) {
		p, err := findPerl(ctx, name, lib)
		if err != nil {
			return nil, err
		}
		return p.Start(ctx, opts)
	}
}

// releaseDir finds an unpacked release.
func releaseDir(release string) (string, error) {
	root := driver.ReleasesDir()
	dir := filepath.Join(root, release)
	if _, err := os.Stat(filepath.Join(dir, "POE", "Component", "IKC", "Responder.pm")); err != nil {
		return "", fmt.Errorf("expected POE/Component/IKC/Responder.pm in %s (set IKC_RELEASES to the directory that holds a directory for each release): %w", dir, err)
	}
	return dir, nil
}
