package driver

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/perlpeer"
)

// PerlInstall is a Perl that has POE::Component::IKC.
type PerlInstall struct {
	Perl     Perl
	Lib      string            // directory that the module was asked for in; "" for where perl looks anyway
	Env      []string          // more environment for the driver
	Release  string            // of POE::Component::IKC
	Versions map[string]string // of perl, POE, Storable
}

// PerlError says why a Perl cannot be used.
type PerlError struct {
	Missing string // perl, or the module that does not load
	Detail  string // what perl said, or ""
	Install string // what to do about it
}

func (e *PerlError) Error() string {
	s := "driver: " + e.Missing + " is missing"
	if e.Detail != "" {
		s += " (" + e.Detail + ")"
	}
	return s + "; " + e.Install
}

const installModules = "on Debian: apt-get install libpoe-perl libdata-dump-perl libdevel-size-perl libfreezethaw-perl, " +
	"then cpan POE::Component::IKC; or unpack a release and name its directory in PERL5LIB"

const installNeeded = "install it with cpan, or name its directory in PERL5LIB; all that 0.2402 needs is on Debian: " +
	"apt-get install libpoe-perl libdata-dump-perl libdevel-size-perl libfreezethaw-perl"

// probe prints "name version" for each module that loads and "name - reason" for the one that does
// not. 0.1801 and 0.1900 have no POE/Component/IKC.pm, those of 0.1802 and 0.1901 have no version,
// and from 0.1903 on the right version is only there.
const probe = `
use strict;
printf "perl %vd\n", $^V;
for my $m (qw(Storable POE POE::Component::IKC::Responder POE::Component::IKC)) {
	(my $file = "$m.pm") =~ s{::}{/}g;
	if (eval { require $file; 1 }) { my $v = $m->VERSION; print "$m ", defined $v ? $v : '', "\n" }
	else { my ($why) = $@ =~ /^([^\n]*)/; $why =~ s/ \(\@INC[^)]*\)//; print "$m - $why\n" }
}
`

// FindPerl looks for perl in PATH and for the module where perl looks for modules. Its error is a
// [*PerlError], or that of ctx.
func FindPerl(ctx context.Context) (*PerlInstall, error) { return FindPerlIn(ctx, "") }

// FindPerlIn is FindPerl with a directory in which to look for the module first, such as that of an
// unpacked release.
func FindPerlIn(ctx context.Context, lib string) (*PerlInstall, error) {
	perl, err := LocalPerl()
	if err != nil {
		return nil, err
	}
	return perl.Find(ctx, lib)
}

// Find looks for the module with this Perl, first in lib if that is not empty. Its error is a
// [*PerlError], or that of ctx.
func (p Perl) Find(ctx context.Context, lib string) (*PerlInstall, error) {
	found := &PerlInstall{Perl: p, Lib: lib, Versions: map[string]string{}}
	out, err := p.say(ctx, p.env(lib), probe)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(out) {
		name, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		reason, missing := strings.CutPrefix(version, "- ")
		switch {
		case name == "POE::Component::IKC" && (missing || version == ""): // the responder has told
		case missing && needed(reason) != "" && needed(reason) != name:
			return nil, &PerlError{Missing: needed(reason), Detail: "without which " + strings.TrimSuffix(name, "::Responder") + " does not load: " + reason,
				Install: installNeeded}
		case missing:
			return nil, &PerlError{Missing: strings.TrimSuffix(name, "::Responder"), Detail: reason, Install: installModules}
		case name == "POE::Component::IKC::Responder", name == "POE::Component::IKC":
			found.Release = version
		default:
			found.Versions[name] = version
		}
	}
	if found.Release == "" {
		return nil, &PerlError{Missing: "POE::Component::IKC", Detail: "it has no version", Install: installModules}
	}
	return found, nil
}

var toInstall = regexp.MustCompile(`you may need to install the (\S+) module`)

// needed is the module that a module of POE::Component::IKC did not find, "" if it was one of these
// itself, or something else is wrong.
func needed(reason string) string {
	if found := toInstall.FindStringSubmatch(reason); found != nil && !strings.HasPrefix(found[1], "POE::Component::IKC") {
		return found[1]
	}
	return ""
}

func firstLine(s string, otherwise error) string {
	if line, _, _ := strings.Cut(strings.TrimSpace(s), "\n"); line != "" {
		return line
	}
	return otherwise.Error()
}

// String names the installation for people.
func (p *PerlInstall) String() string {
	return fmt.Sprintf("POE::Component::IKC %s (perl %s, POE %s, Storable %s)", p.Release,
		p.Versions["perl"], p.Versions["POE"], p.Versions["Storable"])
}

// Start runs the driver of package perlpeer on the installation.
func (p *PerlInstall) Start(ctx context.Context, opts Options) (*Driver, error) {
	dir, remove, err := perlpeer.Extract()
	if err != nil {
		return nil, err
	}
	return Start(ctx, Command{
		Path:    p.Perl.Command[0],
		Args:    append(slices.Clone(p.Perl.Command[1:]), filepath.Join(dir, perlpeer.Main)),
		Env:     append(p.Perl.env(p.Lib), p.Env...),
		Home:    dir,
		Options: opts,
		Cleanup: func() { _ = remove() },
	})
}

// Startable are the releases of POE::Component::IKC that start on perl 5.36 and POE 1.370, and pass
// their own network tests, oldest first. Others do not compile, name methods that POE has no
// longer, or fail. 0.2200 needs POE::API::Peek, which Debian does not have.
var Startable = []string{"0.1801", "0.1802", "0.1900", "0.1901", "0.1902", "0.1903", "0.1904", "0.2000", "0.2001", "0.2002", "0.2003",
	"0.2100", "0.2101", "0.2102", "0.2200", "0.2302", "0.2303", "0.2304", "0.2305", "0.2401", "0.2402"}

// DefaultReleases is where unpacked releases of POE::Component::IKC are looked for, a directory for
// each.
const DefaultReleases = "/opt/ikc"

// ReleasesDir is $IKC_RELEASES, or DefaultReleases.
func ReleasesDir() string {
	return cmp.Or(os.Getenv("IKC_RELEASES"), DefaultReleases)
}

// Releases are those of Startable that are unpacked in a directory, each in one of its name, oldest
// first. A directory that is not there has none.
func Releases(dir string) (names []string) {
	for _, name := range Startable {
		if _, err := os.Stat(filepath.Join(dir, name, "POE", "Component", "IKC", "Responder.pm")); err == nil {
			names = append(names, name)
		}
	}
	return names
}
