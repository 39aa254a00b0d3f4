package driver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// DefaultMirror is where Debian's packages are fetched.
const DefaultMirror = "http://deb.debian.org/debian"

// debianName is a suite, with an architecture behind it or not: trixie, sid-s390x.
var debianName = regexp.MustCompile(`^([a-z]+)(?:-([a-z0-9]+))?$`)

// debianPackages are what POE::Component::IKC needs of Debian.
const debianPackages = "libpoe-perl,libdata-dump-perl,libdevel-size-perl,libfreezethaw-perl"

// MakeRoot makes the root of a Debian system that has a Perl and all that POE::Component::IKC
// needs, as a directory of its name in dir. The name is a suite of Debian or, for another
// architecture than this machine's, SUITE-ARCH. debootstrap does it, which needs root, and for an
// architecture that this machine does not run itself qemu-user-static; say is told its steps. It
// takes about a minute. The directory is there when all is done, or not at all.
func MakeRoot(ctx context.Context, dir, name, mirror string, say func(step string)) error {
	fail := func(err error) error { return fmt.Errorf("driver: the Perl %s: %w", name, err) }
	words := debianName.FindStringSubmatch(name)
	if words == nil {
		return fail(errors.New("expected a suite of Debian such as trixie, or SUITE-ARCHITECTURE such as sid-s390x"))
	}
	root, part := filepath.Join(dir, name), filepath.Join(dir, "."+name+".part")
	if _, err := os.Lstat(root); err == nil {
		return fail(fmt.Errorf("%s is there already", root))
	}
	program, err := exec.LookPath("debootstrap")
	if err != nil {
		return fail(fmt.Errorf("%w; on Debian: apt-get install debootstrap qemu-user-static", err))
	}
	if err := clearPart(part); err != nil {
		return fail(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fail(err)
	}
	args := []string{"--variant=minbase", "--include=" + debianPackages}
	if words[2] != "" {
		args = append(args, "--arch="+words[2])
	}
	cmd := exec.CommandContext(ctx, program, append(args, words[1], part, mirror)...)
	// Its children end with it, and it undoes what it has mounted.
	ownGroup(cmd)
	cmd.Cancel = func() error { return endGroup(cmd) }
	cmd.WaitDelay = 10 * time.Second
	last, err := follow(cmd, say)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		failed := fmt.Errorf("debootstrap: %w: %s", err, last)
		if strings.Contains(last, cannotExecute) {
			failed = fmt.Errorf("%w; programs of another architecture need qemu-user-static and binfmt_misc: "+
				"mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc, then update-binfmts --enable", failed)
		}
		return fail(errors.Join(failed, clearPart(part)))
	}
	return os.Rename(part, root)
}

// cannotExecute is in what debootstrap says if the system cannot run programs of the architecture.
const cannotExecute = "execute target architecture"

// follow runs a command and tells each line that it prints. last is the last one.
func follow(cmd *exec.Cmd, say func(string)) (last string, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer r.Close()
	cmd.Stdout, cmd.Stderr = w, w
	err = cmd.Start()
	_ = w.Close()
	if err != nil {
		return "", err
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for s := bufio.NewScanner(r); s.Scan(); {
			last = strings.TrimSpace(s.Text())
			say(last)
		}
	}()
	err = cmd.Wait()
	// A child that has left the group may hold the pipe.
	select {
	case <-read:
	case <-time.After(grace):
		_ = r.SetReadDeadline(time.Now())
		<-read
	}
	return last, err
}

// clearPart removes what an attempt left, unless something is still mounted there.
func clearPart(part string) error {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return err
	}
	if strings.Contains(string(mounts), " "+part+"/") {
		return fmt.Errorf("%s: something is mounted in it; umount it and remove the directory", part)
	}
	return os.RemoveAll(part)
}

// About asks the Perl for the versions of itself and of modules, and for its architecture, under
// "arch". What it does not have is not among them.
func (p Perl) About(ctx context.Context) (map[string]string, error) {
	out, err := p.say(ctx, nil, `use Config; printf "perl %vd\narch %s\n", $^V, $Config{archname};
for my $m (qw(Storable Data::Dumper POE FreezeThaw Data::Dump Devel::Size)) { eval "require $m; 1" and print "$m ", $m->VERSION, "\n" }`)
	if err != nil {
		return nil, err
	}
	about := map[string]string{}
	for line := range strings.Lines(out) {
		name, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		about[name] = version
	}
	return about, nil
}
