package driver

import (
	"cmp"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Perl is a program perl, and what it takes to run it.
type Perl struct {
	// Name is what a target calls it: the name of a directory in [PerlsDir], or a path. It is empty
	// for the one in PATH.
	Name string
	// Command runs it: the program, and arguments that stand before all others.
	Command []string
	// Modules are directories in which it finds its own modules. It needs to be told those if it
	// was not made for the place where it is.
	Modules []string
	// Err says why it cannot be run, nil if it can.
	Err error
}

// String is the name.
func (p Perl) String() string { return cmp.Or(p.Name, "perl") }

// DefaultPerls is where Perls are looked for beside the one in PATH, a directory for each.
const DefaultPerls = "/opt/perls"

// PerlsDir is $IKC_PERLS, or DefaultPerls.
func PerlsDir() string { return cmp.Or(os.Getenv("IKC_PERLS"), DefaultPerls) }

// LocalPerl is the perl in PATH. Its error is a [*PerlError].
func LocalPerl() (Perl, error) {
	path, err := exec.LookPath("perl")
	if err != nil {
		return Perl{}, &PerlError{Missing: "perl", Detail: err.Error(), Install: "install perl 5.10 or later, and " + installModules}
	}
	return Perl{Command: []string{path}}, nil
}

// Perls are those in a directory, by name; each has a directory of its own. It is either the root
// of a Debian system, whose perl is run where it is, without chroot and privileges, and with qemu
// if it is of another architecture; or where perl was installed to, with bin/perl in it. A
// directory that is not there has none.
func Perls(dir string) (perls []Perl) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return []Perl{{Name: dir, Err: fmt.Errorf("driver: Perls: %w", err)}}
	}
	for _, e := range entries {
		if p := perlIn(filepath.Join(dir, e.Name())); p != nil && !strings.HasPrefix(e.Name(), ".") {
			perls = append(perls, *p)
		}
	}
	return perls
}

// perlIn is the Perl in a directory, nil if there is none.
func perlIn(dir string) *Perl {
	built := filepath.Join(dir, "bin", "perl")
	if _, err := os.Lstat(filepath.Join(dir, "usr", "bin", "perl")); err == nil {
		p := &Perl{Name: filepath.Base(dir)}
		if err := p.ofRoot(dir); err != nil {
			p.Err = fmt.Errorf("driver: the Perl in %s: %w", dir, err)
		}
		return p
	} else if _, err := os.Stat(built); err == nil {
		return &Perl{Name: filepath.Base(dir), Command: []string{built}}
	}
	return nil
}

// own are machines whose programs this one runs itself.
var own = map[string][]elf.Machine{
	"amd64": {elf.EM_X86_64, elf.EM_386}, "386": {elf.EM_386}, "arm64": {elf.EM_AARCH64}, "arm": {elf.EM_ARM},
	"s390x": {elf.EM_S390}, "ppc64le": {elf.EM_PPC64}, "riscv64": {elf.EM_RISCV},
}

// emulators are the names of qemu's programs for those of other machines. Debian's ppc64 is of
// little-endian octets.
var emulators = map[elf.Machine]string{
	elf.EM_X86_64: "x86_64", elf.EM_386: "i386", elf.EM_AARCH64: "aarch64", elf.EM_ARM: "arm", elf.EM_S390: "s390x",
	elf.EM_PPC64: "ppc64le", elf.EM_RISCV: "riscv64",
}

var perlVersion = regexp.MustCompile(`^5\.[0-9]+$`)

// IsPerlVersion tells whether a name of a Perl is its version, such as 5.40.
func IsPerlVersion(name string) bool { return perlVersion.MatchString(name) }

// ofRoot makes it the perl of the root of a Debian system.
func (p *Perl) ofRoot(root string) error {
	program := filepath.Join(root, "usr", "bin", "perl")
	machine, loader, err := executable(program)
	if err != nil {
		return err
	}
	versions, err := os.ReadDir(filepath.Join(root, "usr", "share", "perl"))
	if err != nil {
		return err
	}
	at := slices.IndexFunc(versions, func(e os.DirEntry) bool { return perlVersion.MatchString(e.Name()) })
	bases, err := filepath.Glob(filepath.Join(root, "usr", "lib", "*", "perl-base"))
	if err != nil {
		return err
	}
	if at < 0 || len(bases) != 1 {
		return errors.New("expected usr/share/perl/5.N and one usr/lib/*/perl-base, as Debian's perl has them")
	}
	version, libraries := versions[at].Name(), filepath.Dir(bases[0])
	p.Modules = []string{
		filepath.Join(root, "usr", "share", "perl", version), filepath.Join(libraries, "perl", version),
		filepath.Join(root, "usr", "share", "perl5"), filepath.Join(libraries, "perl5", version), bases[0],
	}
	if slices.Contains(own[runtime.GOARCH], machine) {
		path, err := within(root, loader)
		if err != nil {
			return err
		}
		p.Command = []string{path, "--library-path", libraries, program}
		return nil
	}
	name, ok := emulators[machine]
	if !ok {
		return fmt.Errorf("expected a program for %s, or for what qemu is known to emulate, got one for %v", runtime.GOARCH, machine)
	}
	qemu, err := exec.LookPath("qemu-" + name + "-static")
	if err != nil {
		if qemu, err = exec.LookPath("qemu-" + name); err != nil {
			return fmt.Errorf("it is for %v: %w; on Debian: apt-get install qemu-user-static", machine, err)
		}
	}
	p.Command = []string{qemu, "-L", root, program}
	return nil
}

// within is where a path of a root leads, links followed as if that were the root of this machine.
func within(root, path string) (string, error) {
	const most = 40 // links, as Linux has it
	rest, at := path, "/"
	for links := 0; rest != ""; {
		var name string
		name, rest, _ = strings.Cut(strings.TrimLeft(rest, "/"), "/")
		next := filepath.Join(at, name)
		link, err := os.Readlink(filepath.Join(root, next))
		if err != nil { // it is none, or not there, which whoever opens it is told
			at = next
			continue
		}
		if links++; links > most {
			return "", fmt.Errorf("%s in %s: expected at most %d links", path, root, most)
		}
		if filepath.IsAbs(link) {
			at = "/"
		}
		rest = link + "/" + rest
	}
	return filepath.Join(root, at), nil
}

// executable reads for which machine a program is, and what loads it.
func executable(path string) (machine elf.Machine, loader string, err error) {
	f, err := elf.Open(path)
	if err != nil {
		return 0, "", fmt.Errorf("%s: %w", path, err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP && p.Filesz < 4096 {
			name, err := io.ReadAll(p.Open())
			if err != nil {
				return 0, "", fmt.Errorf("%s: %w", path, err)
			}
			return f.Machine, strings.TrimRight(string(name), "\x00"), nil
		}
	}
	return 0, "", fmt.Errorf("%s: expected a program that names its loader, got one that does not", path)
}

// FindInterpreter finds a Perl by a name of a directory in [PerlsDir], by a path of a program, or
// by a version such as 5.40: of several that have it the one in PATH comes first, then those that
// need no emulator. A name of "" is the one in PATH. Its error is a [*PerlError], or that of ctx.
func FindInterpreter(ctx context.Context, name string) (Perl, error) {
	switch {
	case name == "":
		return LocalPerl()
	case strings.ContainsRune(name, filepath.Separator):
		return Perl{Name: name, Command: []string{name}}, nil
	}
	dir := PerlsDir()
	install := fmt.Sprintf("'ikc-conform perls add' makes one of a Debian suite in %s; IKC_PERLS names another directory", dir)
	if !perlVersion.MatchString(name) {
		p := perlIn(filepath.Join(dir, name))
		switch {
		case p != nil && p.Err != nil:
			return Perl{}, &PerlError{Missing: "a Perl that works", Detail: p.Err.Error(), Install: install}
		case p == nil:
			return Perl{}, &PerlError{Missing: "the Perl " + name, Detail: filepath.Join(dir, name) + " has neither usr/bin/perl nor bin/perl", Install: install}
		}
		return *p, nil
	}
	all := slices.DeleteFunc(Perls(dir), func(p Perl) bool { return p.Err != nil })
	slices.SortStableFunc(all, func(a, b Perl) int { return cmp.Compare(emulated(a), emulated(b)) })
	if local, err := LocalPerl(); err == nil {
		all = slices.Insert(all, 0, local)
	}
	for _, p := range all {
		version, err := p.Version(ctx)
		if ctx.Err() != nil {
			return Perl{}, fmt.Errorf("driver: perl: %w", context.Cause(ctx))
		}
		if err == nil && (version == name || strings.HasPrefix(version, name+".")) {
			return p, nil
		}
	}
	return Perl{}, &PerlError{Missing: "a Perl " + name, Detail: fmt.Sprintf("neither in PATH nor among %d in %s", len(all), dir), Install: install}
}

func emulated(p Perl) int {
	if strings.HasPrefix(filepath.Base(p.Command[0]), "qemu-") {
		return 1
	}
	return 0
}

// slowest is how long a Perl may take to say what it is. One that is emulated takes half a minute
// on a machine that is busy.
const slowest = 2 * time.Minute

// Version asks the Perl for its version, such as 5.40.1.
func (p Perl) Version(ctx context.Context) (string, error) {
	out, err := p.say(ctx, nil, `printf "%vd", $^V`)
	return out, err
}

// Cmd is a command that runs the Perl with arguments, such as the path of a script. It finds its
// modules, and those of PERL5LIB.
func (p Perl) Cmd(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.Command[0], append(slices.Clone(p.Command[1:]), args...)...)
	cmd.Env = append(os.Environ(), p.env("")...)
	return cmd
}

// say runs a program and returns what it prints.
func (p Perl) say(ctx context.Context, env []string, program string) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, slowest, fmt.Errorf("%s: expected it to say what it is within %v", p.Command[0], slowest))
	defer cancel()
	cmd := p.Cmd(ctx, "-e", program)
	cmd.WaitDelay = grace // for children of it that hold its output
	cmd.Env = append(cmd.Env, env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		if ctx.Err() != nil {
			return "", fmt.Errorf("driver: perl: %w", context.Cause(ctx))
		}
		return "", &PerlError{Missing: "a perl that works", Detail: firstLine(stderr.String(), err), Install: installModules}
	}
	return string(out), nil
}

// env is what the Perl needs to find a module in lib first, and nothing of another release after
// it, since not every release has every file; then its own modules. Who starts it again is told
// how.
func (p Perl) env(lib string) []string {
	var path, env []string
	if lib != "" {
		path = append(path, lib)
	}
	for _, dir := range filepath.SplitList(os.Getenv("PERL5LIB")) {
		if _, err := os.Stat(filepath.Join(dir, "POE", "Component", "IKC")); err != nil || lib == "" {
			path = append(path, dir)
		}
	}
	if path = append(path, p.Modules...); len(path) > 0 {
		env = append(env, "PERL5LIB="+strings.Join(path, string(os.PathListSeparator)))
	}
	if len(p.Command) > 1 {
		env = append(env, "PERLPEER_PERL="+strings.Join(p.Command, "\n"))
	}
	return env
}
