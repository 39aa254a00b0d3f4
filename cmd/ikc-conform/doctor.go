package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/internal/tempdir"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// finding is what doctor found out about one thing.
type finding struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Needed: nothing works without it. All else is needed for something only.
	Needed bool   `json:"needed"`
	Found  string `json:"found"`
	For    string `json:"for"`
	Mend   string `json:"mend,omitempty"`
}

func doctorCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is here, what is missing, and how to get it",
		Long: `Doctor looks for what ikc-conform can make use of: Go, Perl with POE::Component::IKC, unpacked releases of it, other Perls, a
container engine, tshark, the right to capture packets. What is missing comes with the command that mends it, for Debian.
It connects to nothing but the container engine.

Exit status: 0 all that is needed is here (what else is missing is only said), 3 something needed is missing.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			findings := examine(cmd.Context())
			if cmd.Context().Err() != nil { // what was being asked then only seems to be missing
				return broken(context.Cause(cmd.Context()))
			}
			out := cmd.OutOrStdout()
			status := report.ExitConformant
			missing := 0
			for _, f := range findings {
				if !f.OK {
					missing++
					if f.Needed {
						status = report.ExitBroken
					}
				}
			}
			if asJSON {
				e := visible.NewEncoder(out)
				e.SetIndent("", "  ")
				if err := e.Encode(findings); err != nil {
					return broken(err)
				}
			} else {
				for _, f := range visible.Copy(findings) {
					mark := "ok     "
					if !f.OK {
						mark = "missing"
					}
					fmt.Fprintf(out, "%s  %-20s %s\n", mark, f.Name, f.Found)
					if !f.OK {
						fmt.Fprintf(out, "%29s for: %s\n%29s get: %s\n", "", f.For, "", f.Mend)
					}
				}
				if missing == 0 {
					fmt.Fprintln(out, "\nNothing is missing.")
				} else {
					fmt.Fprintf(out, "\n%d missing; what needs them is skipped, with the reason. run, check and inspect do without.\n", missing)
				}
			}
			if status != report.ExitConformant {
				return exitStatus(status)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the findings as JSON")
	return c
}

// examine looks at everything there is to look at.
func examine(ctx context.Context) []finding {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	all := []finding{{Name: "ikc-conform", OK: true, Needed: true, For: "everything",
		Found: fmt.Sprintf("%s, built with %s for %s/%s", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)},
		temporary(),
		program(ctx, "go", "building, and tests of this repository", "https://go.dev/dl", "go", "version"),
		program(ctx, "python3", "the driver in examples/", "apt-get install python3", "python3", "--version")}
	all = append(all, perlModules(ctx)...)
	all = append(all, releases(), otherPerls(),
		program(ctx, "container engine", "targets image:, container: and perl@RELEASE without a local release",
			"apt-get install docker.io, and be in the group docker (usermod -aG docker $USER)", "docker", "version", "--format", "{{.Server.Version}}"),
		program(ctx, "tshark", "tests of the Wireshark dissector, and looking at captures with it", "apt-get install tshark", "tshark", "--version"),
		dissector(ctx), capturing(ctx))
	return all
}

// program runs a command that tells its version.
func program(ctx context.Context, name, purpose, mend string, command ...string) finding {
	f := finding{Name: name, For: purpose, Mend: mend}
	path, err := exec.LookPath(command[0])
	if err != nil {
		f.Found = command[0] + " is not in PATH"
		return f
	}
	out, err := firstLineOf(ctx, path, command[1:]...)
	if err != nil {
		f.Found = fmt.Sprintf("%s does not work: %v", path, err)
		return f
	}
	f.OK, f.Mend, f.Found = true, "", out+" ("+path+")"
	return f
}

// afterKill is how long is waited for the output of a program that was killed: a child of it may
// hold that.
const afterKill = 100 * time.Millisecond

// firstLineOf is the first line that a command prints.
func firstLineOf(ctx context.Context, path string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.WaitDelay = afterKill
	out, err := cmd.Output()
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		said, _, _ := strings.Cut(strings.TrimSpace(string(failed.Stderr)), "\n")
		return line, fmt.Errorf("%w: %s", err, said)
	}
	return line, err
}

func temporary() finding {
	f := finding{Name: "temporary files", Needed: true, For: "runs", Mend: "set TMPDIR to a directory that you may write to"}
	_, remove, err := tempdir.New("ikc-conform-doctor-")
	if err == nil {
		err = remove()
	}
	if err != nil {
		f.Found = err.Error()
		return f
	}
	f.OK, f.Mend, f.Found = true, "", os.TempDir()+" can be written to"
	return f
}

const perlPackages = "apt-get install libpoe-perl libdata-dump-perl libdevel-size-perl libfreezethaw-perl"

// perlModules looks at the local perl: itself, its modules, POE::Component::IKC.
func perlModules(ctx context.Context) []finding {
	perl := program(ctx, "perl", "the target perl, for comparison with the original", "apt-get install perl", "perl", "-e", `printf "perl %vd", $^V`)
	all := []finding{perl}
	for _, m := range []struct{ name, mend string }{
		{"POE", perlPackages}, {"Storable", "apt-get install perl"}, {"FreezeThaw", perlPackages}, {"Data::Dump", perlPackages}, {"Devel::Size", perlPackages},
	} {
		f := finding{Name: m.name, For: "POE::Component::IKC", Mend: m.mend, Found: "perl does not find it"}
		if perl.OK {
			if v, err := firstLineOf(ctx, "perl", "-M"+m.name, "-e", "print "+m.name+"->VERSION"); err == nil {
				f.OK, f.Mend, f.Found = true, "", v
			}
		}
		all = append(all, f)
	}
	module := finding{Name: "POE::Component::IKC", For: "the target perl without a container",
		Mend: "cpan POE::Component::IKC, or unpack a release and name its directory in PERL5LIB"}
	if p, err := driver.FindPerl(ctx); err != nil {
		module.Found = "the local perl does not find it, or not all that it needs"
		var missing *driver.PerlError
		if errors.As(err, &missing) {
			module.Found, module.Mend = missing.Missing+" is missing", missing.Install
		}
	} else {
		module.OK, module.Mend, module.Found = true, "", p.Release
	}
	return append(all, module)
}

// releases looks for unpacked releases of POE::Component::IKC.
func releases() finding {
	dir := driver.ReleasesDir()
	f := finding{Name: "releases", For: "targets perl@RELEASE without a container",
		Found: "none in " + dir, Mend: "unpack releases to " + dir + "/RELEASE (the lib directory of each), or name their directory in IKC_RELEASES"}
	if found := driver.Releases(dir); len(found) > 0 {
		f.OK, f.Mend, f.Found = true, "", strings.Join(found, " ")+" in "+dir
	}
	return f
}

// otherPerls looks for Perls beside the one in PATH.
func otherPerls() finding {
	dir := driver.PerlsDir()
	f := finding{Name: "other Perls", For: "targets perl@RELEASE/PERL, matrix --perls, upgrades of Perl",
		Found: "none in " + dir, Mend: "ikc-conform perls add trixie, as root; or name in IKC_PERLS a directory that has one in each of its directories"}
	var names []string
	for _, p := range driver.Perls(dir) {
		if p.Err != nil {
			f.Found = p.Err.Error()
			return f
		}
		names = append(names, p.Name)
	}
	if len(names) > 0 {
		f.OK, f.Mend, f.Found = true, "", strings.Join(names, " ")+" in "+dir
	}
	return f
}

// dissector looks whether ours is installed.
func dissector(ctx context.Context) finding {
	f := finding{Name: "Wireshark dissector", For: "IKC in Wireshark and tshark", Mend: "ikc-conform wireshark --install"}
	dir, err := pluginDir(ctx)
	if err != nil {
		f.Found = err.Error()
		return f
	}
	path := filepath.Join(dir, "ikc.lua")
	if _, err := os.Stat(path); err != nil {
		f.Found = path + " is not there"
		return f
	}
	f.OK, f.Mend, f.Found = true, "", path
	return f
}

// capturing looks whether packets could be captured. Relays (record) do without.
func capturing(ctx context.Context) finding {
	f := finding{Name: "packet capture", For: "recording with tcpdump or dumpcap; 'ikc-conform record' needs no privileges",
		Mend: "apt-get install tcpdump, and run it as root; or dpkg-reconfigure wireshark-common and be in the group wireshark"}
	if path, err := exec.LookPath("dumpcap"); err == nil {
		if out, err := firstLineOf(ctx, path, "-D"); err == nil && out != "" {
			f.OK, f.Mend, f.Found = true, "", path+" may capture"
			return f
		}
	}
	path, err := exec.LookPath("tcpdump")
	switch {
	case err != nil:
		f.Found = "neither dumpcap nor tcpdump may capture here"
	case os.Geteuid() != 0:
		f.Found = path + " needs root"
	default:
		f.OK, f.Mend, f.Found = true, "", path+", as root"
	}
	return f
}
