package container

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"github.com/perl-ikc/ikc-conform/internal/visible"
	"github.com/perl-ikc/ikc-conform/perlpeer"
)

// dockerfile is the Dockerfile.perl of the repository; a test keeps the two the same.
//
//go:embed Dockerfile.perl
var dockerfile []byte

// DefaultRelease is the release of POE::Component::IKC that `perl` means where none is installed.
const DefaultRelease = "0.2402"

// buildLimit bounds the making of an image, which installs packages.
const buildLimit = 15 * time.Minute

var releaseName = regexp.MustCompile(`^[0-9]+\.[0-9]+$`)

// PerlBase is the name of the image of a Perl of a name, which Dockerfile.perl can start from.
func PerlBase(perl string) string { return "ikc-conform-base:" + perl }

// ImportBase makes the image of PerlBase of a tar archive of its files.
func (e *Engine) ImportBase(ctx context.Context, perl string, files io.Reader) error {
	done, err := e.api.ImageImport(ctx, client.ImageImportSource{Source: files, SourceName: "-"}, PerlBase(perl), client.ImageImportOptions{})
	if err != nil {
		return fmt.Errorf("container: image %s: %w", PerlBase(perl), err)
	}
	_, err = io.Copy(io.Discard, done)
	return errors.Join(err, done.Close())
}

// PerlImage is the name of the image of a release: it changes with all that it is made of. base is
// the image to start from, "" for that of the environment.
func PerlImage(release, base string) (string, error) {
	if !releaseName.MatchString(release) {
		return "", fmt.Errorf("container: release %q: expected one such as %s", release, DefaultRelease)
	}
	h := sha256.New()
	err := eachPerlFile(func(name string, text []byte) error {
		_, err := fmt.Fprintf(h, "%s %d\n%s", name, len(text), text)
		return err
	})
	if err != nil {
		return "", err
	}
	fmt.Fprintf(h, "base %s", cmp.Or(base, os.Getenv("IKC_PERL_BASE")))
	sum, err := checksum(release)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(h, "sha256 %s", sum)
	return fmt.Sprintf("ikc-conform-perl:%s-%s", release, hex.EncodeToString(h.Sum(nil))[:12]), nil
}

// checksum is what the environment says of the tarball of a release, "" if nothing: that none is to
// be looked at, or a list of RELEASE=SHA256 with commas between.
func checksum(release string) (string, error) {
	given := os.Getenv("IKC_CPAN_SHA256")
	if given == "" || given == "none" {
		return given, nil
	}
	found := ""
	for _, each := range strings.Split(given, ",") {
		name, sum, _ := strings.Cut(each, "=")
		if octets, err := hex.DecodeString(sum); err != nil || len(octets) != sha256.Size || !releaseName.MatchString(name) {
			return "", fmt.Errorf("container: IKC_CPAN_SHA256 %q: expected none, or RELEASE=SHA256 with commas between, the checksum in hex", given)
		}
		if name == release {
			found = sum
		}
	}
	return found, nil
}

// eachPerlFile goes through the build context of Dockerfile.perl in a fixed order.
func eachPerlFile(do func(name string, text []byte) error) error {
	if err := do("Dockerfile.perl", dockerfile); err != nil {
		return err
	}
	return fs.WalkDir(perlpeer.Files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := perlpeer.Files.ReadFile(path)
		if err != nil {
			return err
		}
		return do("perlpeer/"+path, text)
	})
}

// Perl makes sure that the image of a release is there, started from a base as PerlImage has it,
// and returns its name. Making it takes about a minute for the first release, seconds for others;
// images are kept. The environment variable IKC_PERL_BUILD=never, as our own tests have it, has
// Perl take only what is there.
func (e *Engine) Perl(ctx context.Context, release, base string) (string, error) {
	name, err := PerlImage(release, base)
	if err != nil {
		return "", err
	}
	e.mu.Lock()
	one := e.builds[name]
	if one == nil {
		one = new(sync.Mutex)
		e.builds[name] = one
	}
	e.mu.Unlock()
	one.Lock()
	defer one.Unlock()
	have, err := e.HasImage(ctx, name)
	if have || err != nil {
		return name, err
	}
	if os.Getenv("IKC_PERL_BUILD") == "never" {
		return name, fmt.Errorf("container: there is no image %s, and IKC_PERL_BUILD=never forbids to make it", name)
	}
	return name, e.buildPerl(ctx, name, release, base)
}

func (e *Engine) buildPerl(ctx context.Context, name, release, base string) error {
	ctx, cancel := context.WithTimeout(ctx, buildLimit)
	defer cancel()
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	err := eachPerlFile(func(name string, text []byte) error {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
			return err
		}
		_, err := w.Write(text)
		return err
	})
	if err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	args := map[string]*string{"RELEASE": &release}
	mirror := os.Getenv("IKC_CPAN_MIRROR")
	if mirror != "" {
		args["CPAN_MIRROR"] = &mirror
	}
	sum, err := checksum(release)
	if err != nil {
		return err
	}
	if sum != "" {
		args["SHA256"] = &sum
	}
	if base = cmp.Or(base, os.Getenv("IKC_PERL_BASE")); base != "" {
		args["BASE"] = &base
	}
	repo, tag := splitName(name)
	log := new(lastLines)
	_, err = e.provider.BuildImage(ctx, &testcontainers.ContainerRequest{FromDockerfile: testcontainers.FromDockerfile{
		ContextArchive: bytes.NewReader(archive.Bytes()), Dockerfile: "Dockerfile.perl",
		Repo: repo, Tag: tag, KeepImage: true, BuildArgs: args, BuildLogWriter: log,
		BuildOptionsModifier: func(o *client.ImageBuildOptions) {
			if onLoopback(mirror) {
				o.NetworkMode = "host"
			}
		},
	}})
	if err != nil {
		return fmt.Errorf("container: image of POE::Component::IKC %s: %w; its log ends in:\n  %s", release, err, visible.Block(log.String()))
	}
	return nil
}

func splitName(name string) (repo, tag string) {
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == ':' {
			return name[:i], name[i+1:]
		}
	}
	return name, "latest"
}

// onLoopback tells whether a mirror is on this machine only, where a build has to share its network
// to reach it.
func onLoopback(mirror string) bool {
	u, err := url.Parse(mirror)
	if err != nil {
		return false
	}
	if u.Hostname() == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && ip.IsLoopback()
}
