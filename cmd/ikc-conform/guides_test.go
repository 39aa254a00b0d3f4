package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
)

var update = flag.Bool("update", false, "write what commands print into guides and scripts, where it is not what they show")

// guide is a page of docs/guides, as a reader follows it: files to write and commands to type, from
// the top to the bottom.
type guide struct {
	lines []string
	steps []step
	// perl: it takes the real module.
	perl bool
	// fixed are ports that something listens on already: that of the page, that of here.
	fixed []string
}

// step is a command, with what it is to print, or a file.
type step struct {
	command string
	first   int // of the lines that it is to print
	shown   []string
	file    string // to be written, with text
	text    string
}

var fileOf = regexp.MustCompile("`([\\w./-]+)`:$")

// readGuide reads a page. Indented lines that begin with "$ " are commands, those below them their
// output, in which [...] stands for anything. A fenced block below a line that ends in a name and a
// colon is a file of that name.
func readGuide(path string) (*guide, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	g := &guide{lines: strings.Split(string(b), "\n")}
	g.perl = strings.Contains(strings.ReplaceAll(string(b), "\n", " "), "POE::Component::IKC on this machine")
	above := ""
	for i := 0; i < len(g.lines); i++ {
		line := g.lines[i]
		if strings.HasPrefix(line, "```") && line != "```" {
			end := i + 1
			for g.lines[end] != "```" {
				end++
			}
			if name := fileOf.FindStringSubmatch(above); name != nil {
				g.steps = append(g.steps, step{file: name[1], text: strings.Join(g.lines[i+1:end], "\n") + "\n"})
			}
			i = end
			continue
		}
		if line != "" {
			above = line
		}
		code, indented := strings.CutPrefix(line, "    ")
		if command, ok := strings.CutPrefix(code, "$ "); ok && indented {
			g.steps = append(g.steps, step{command: command, first: i + 1})
		} else if n := len(g.steps); indented && n > 0 && g.steps[n-1].first+len(g.steps[n-1].shown) == i {
			g.steps[n-1].shown = append(g.steps[n-1].shown, code)
		} else if line == "" && n > 0 && g.steps[n-1].first+len(g.steps[n-1].shown) == i && i+1 < len(g.lines) &&
			strings.HasPrefix(g.lines[i+1], "    ") && !strings.HasPrefix(g.lines[i+1], "    $ ") {
			g.steps[n-1].shown = append(g.steps[n-1].shown, "")
		}
	}
	return g, nil
}

// TestGuides follows every guide to the letter, in a copy of the repository.
func TestGuides(t *testing.T) {
	t.Parallel()
	need(t, "bash", "bash")
	need(t, "go", "golang-go")
	paths, err := filepath.Glob(filepath.Join(repository, "docs", "guides", "*.md"))
	if err != nil || len(paths) < 5 {
		t.Fatalf("expected five guides or more, got %q, %v", paths, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".md"), func(t *testing.T) {
			t.Parallel()
			g, err := readGuide(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := driver.FindPerl(t.Context()); g.perl && err != nil {
				t.Skipf("this guide needs the real module: %v", err)
			}
			if len(g.perls()) > 0 && os.Getenv("IKC_GRID") == "" {
				t.Skip("this guide tries several Perls for minutes: IKC_GRID=all has it followed")
			}
			for _, name := range g.perls() {
				if _, err := driver.FindInterpreter(t.Context(), name); err != nil {
					t.Skipf("this guide needs another Perl: %v", err)
				}
			}
			if strings.Contains(strings.Join(g.lines, "\n"), "python3") {
				need(t, "python3", "python3")
			}
			g.follow(t, path)
		})
	}
}

// repeats is how often a run is done again whose numbers differ: on a busy machine two requests may
// be under way at a time that are not usually, so that one more check is decided.
const repeats = 2

// follow takes the steps, in one shell, as a reader does.
func (g *guide) follow(t *testing.T, path string) {
	dir := copyOfRepository(t)
	ports, shown := g.ports(t)
	sh := startShell(t, dir)
	moved := 0
	for _, s := range g.steps {
		if s.file != "" {
			full := filepath.Join(dir, s.file)
			if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(full, []byte(ports.Replace(s.text)), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want := s.shown
		got := sh.do(t, ports.Replace(s.command), len(want))
		for n := 0; !matches(want, got) && n < repeats && strings.HasPrefix(s.command, "ikc-conform run "); n++ {
			got = sh.do(t, ports.Replace(s.command), len(want))
		}
		if matches(want, got) {
			continue
		}
		if there, here := perlIn(want), perlIn(got); there != "" && here != "" && there != here {
			t.Skipf("$ %s is shown of perl %s, and there is another here, %s", s.command, there, here)
		}
		if !*update {
			t.Errorf("%s: $ %s\nexpected\n    %s\ngot\n    %s\n(go test ./cmd/ikc-conform -run %s -update)", filepath.Base(path), s.command,
				strings.Join(want, "\n    "), strings.Join(got, "\n    "), t.Name())
		} else {
			at := s.first + moved
			var lines []string
			for _, l := range elided(want, got) {
				lines = append(lines, strings.TrimRight("    "+shown.Replace(l), " "))
			}
			g.lines = slices.Replace(g.lines, at, at+len(want), lines...)
			moved += len(lines) - len(want)
			t.Logf("%s: written anew: $ %s", filepath.Base(path), s.command)
			if err := os.WriteFile(path, []byte(strings.Join(g.lines, "\n")), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

var perlNumber = regexp.MustCompile(`\bperl (5\.\d+)`)

// perlIn is the first Perl that lines of output name, "5.36", "" for none.
func perlIn(lines []string) string {
	if found := perlNumber.FindStringSubmatch(strings.Join(lines, "\n")); found != nil {
		return found[1]
	}
	return ""
}

var perlOfTarget = regexp.MustCompile(`perl@[0-9.]+/([\w.-]+)`)

// perls are the Perls that targets of its commands name.
func (g *guide) perls() (names []string) {
	for _, s := range g.steps {
		for _, found := range perlOfTarget.FindAllStringSubmatch(s.command, -1) {
			names = append(names, found[1])
		}
	}
	return names
}

// copyOfRepository is a directory in which all of the repository is, and that may be written to. It
// has no symbolic links, since go embeds nothing by way of one.
func copyOfRepository(t *testing.T) string {
	dir := t.TempDir()
	entries, err := os.ReadDir(repository)
	must(t, err)
	for _, e := range entries {
		from, to := filepath.Join(repository, e.Name()), filepath.Join(dir, e.Name())
		switch {
		case e.Name() == ".git", e.Name() == ".cache":
		case e.IsDir():
			must(t, os.CopyFS(to, os.DirFS(from)))
		default:
			text, err := os.ReadFile(from)
			must(t, err)
			must(t, os.WriteFile(to, text, 0o600))
		}
	}
	return dir
}

var portIn = regexp.MustCompile(`\b(?:127\.0\.0\.1:|PORT=|\.pl )(\d{4,5})\b`)

// ports makes every port of the guide one that is free here.
// The second result undoes it.
func (g *guide) ports(t *testing.T) (there, back *strings.Replacer) {
	pairs := slices.Clone(g.fixed)
	var undo []string
	for i := 0; i < len(pairs); i += 2 {
		undo = append(undo, pairs[i+1], pairs[i])
	}
	for _, s := range g.steps {
		for _, m := range portIn.FindAllStringSubmatch(s.command, -1) {
			if slices.Contains(pairs, m[1]) {
				continue
			}
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close() // all at once, so that they differ
			free := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
			pairs, undo = append(pairs, m[1], free), append(undo, free, m[1])
		}
	}
	return strings.NewReplacer(pairs...), strings.NewReplacer(undo...)
}

// shell is a bash that is typed at.
type shell struct {
	in    io.Writer
	lines chan string
	jobs  []string // process groups in the background
}

const prompt = "@@@ prompt"

func startShell(t *testing.T, dir string) *shell {
	bin, installed := asCommand(t), t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	cmd := exec.CommandContext(ctx, "bash", "--noprofile", "--norc")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+installed+":"+os.Getenv("PATH"), "GOBIN="+installed, "PWD="+dir, "LC_ALL=C.UTF-8")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	cmd.WaitDelay = 2 * time.Second // what it started may hold its output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	sh := &shell{in: in, lines: make(chan string, 10000)}
	go func() {
		defer close(sh.lines)
		r := bufio.NewScanner(out)
		r.Buffer(nil, 1<<20)
		for r.Scan() {
			sh.lines <- r.Text()
		}
	}()
	t.Cleanup(func() {
		cancel()
		for _, group := range sh.jobs {
			_ = exec.Command("kill", "--", "-"+group).Run() // it may have ended
		}
		_ = cmd.Wait() // it was killed
		_ = w.Close()
	})
	fmt.Fprintln(in, "set -m") // jobs, as at a terminal
	return sh
}

// inBackground ends a command that goes there, perhaps with its process id kept in a variable.
var inBackground = regexp.MustCompile(`&( \w+=\$!)?$`)

// jobNews is what bash tells of its jobs.
var jobNews = regexp.MustCompile(`^(bash: line \d+: +\d+ |\[\d+\])`)

// longest is how long a command may take.
const longest = 4 * time.Minute

// do types a command and returns what came. One that goes to the background has as long as it needs
// for as many lines as are expected.
func (sh *shell) do(t *testing.T, command string, expected int) (got []string) {
	t.Helper()
	fmt.Fprintf(sh.in, "%s\n__status=$?; echo %q $(jobs -p); (exit $__status)\n", command, prompt)
	background := inBackground.MatchString(command)
	limit := time.After(longest)
	ready := false
	for !ready || background && len(got) < expected {
		select {
		case l, ok := <-sh.lines:
			switch {
			case !ok:
				t.Fatalf("$ %s: the shell ended", command)
			case strings.HasPrefix(l, prompt):
				ready, sh.jobs = true, strings.Fields(strings.TrimPrefix(l, prompt))
			case jobNews.MatchString(l):
			default:
				got = append(got, l)
			}
		case <-limit:
			t.Fatalf("$ %s: expected its end and %d lines within %v, got %q", command, expected, longest, got)
		}
	}
	return got
}

// varying is what differs from run to run, and what it is compared as.
var varying = []struct {
	pattern *regexp.Regexp
	as      string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?`), "DATE"},
	{regexp.MustCompile(`\b\d\d:\d\d:\d\d\.\d+`), "TIME"},
	{regexp.MustCompile(`[\w.-]+-[0-9a-f]{8,}-[0-9a-f]{8,}-[0-9a-f]{8,}`), "ID"},
	{regexp.MustCompile(`[\w.-]+-[0-9a-f]{8}-[0-9a-f]{8}'\.\.\.`), "ID'..."}, // an id that was cut
	{regexp.MustCompile(`\bpython-[0-9a-f]{8}\b`), "ID"},
	{regexp.MustCompile(`\b(\d+m)?\d+(\.\d+)?(ns|µs|ms|s)\b`), "T"},
	{regexp.MustCompile(`\b\d+\.\d{6}\b`), "T"},
	{regexp.MustCompile(`("pid": |pid |PID=|Client|Submit)\d+`), "${1}N"},
	{regexp.MustCompile(`\b127\.0\.0\.1:\d+`), "127.0.0.1:PORT"},
	{regexp.MustCompile(`\b(octet|packet|connection|frame) \d+`), "$1 N"},
	{regexp.MustCompile(`\b\d+ octets`), "N octets"},
	{regexp.MustCompile(`from clients, \d+ from servers`), "from clients, N from servers"},
	{regexp.MustCompile(`\b(go1|perl 5|POE 1|Storable 3|[Pp]ython 3)\.[\d.]+`), "$1"},
	{regexp.MustCompile(` +`), " "},
}

func normal(line string) string {
	for _, v := range varying {
		line = v.pattern.ReplaceAllString(line, v.as)
	}
	return strings.TrimSpace(line)
}

// matches compares what is shown with what came. A line [...] stands for any lines, at the end of a
// line for its rest.
func matches(want, got []string) bool {
	if len(want) == 0 {
		return len(got) == 0
	}
	if strings.TrimSpace(want[0]) == "[...]" {
		for i := range len(got) + 1 {
			if matches(want[1:], got[i:]) {
				return true
			}
		}
		return false
	}
	if len(got) == 0 {
		return false
	}
	shown, open := strings.CutSuffix(want[0], "[...]")
	w, g := normal(shown), normal(got[0])
	same := w == g || open && (strings.HasPrefix(g, w) || strings.HasPrefix(got[0], strings.TrimSuffix(shown, " ")))
	return same && matches(want[1:], got[1:])
}

var number = regexp.MustCompile(`\d+`)

// elided is what came, with the lines left out that were left out in what is shown: all of them,
// unless nothing but numbers differs. Ends of lines that were left out are there again.
func elided(want, got []string) []string {
	same := func(w, g string) bool {
		w, open := strings.CutSuffix(w, "[...]")
		w, g = number.ReplaceAllString(normal(w), "N"), number.ReplaceAllString(normal(g), "N")
		return w == g || open && strings.HasPrefix(g, w)
	}
	// fit returns what stands for want, nil if it does not fit.
	var fit func(want, got []string) []string
	fit = func(want, got []string) []string {
		switch {
		case len(want) == 0 && len(got) == 0:
			return []string{}
		case len(want) == 0:
			return nil
		case strings.TrimSpace(want[0]) == "[...]":
			for i := range len(got) + 1 {
				if rest := fit(want[1:], got[i:]); rest != nil {
					return append(want[:1:1], rest...)
				}
			}
			return nil
		case len(got) == 0 || !same(want[0], got[0]):
			return nil
		}
		line := got[0]
		if strings.HasSuffix(want[0], "[...]") && matches(want[:1], got[:1]) {
			line = want[0]
		}
		if rest := fit(want[1:], got[1:]); rest != nil {
			return append([]string{line}, rest...)
		}
		return nil
	}
	if lines := fit(want, got); lines != nil {
		return lines
	}
	return got
}

// TestElided: what was left out of what a page shows stays so when its numbers change.
func TestElided(t *testing.T) {
	got := []string{"a", "b", "12 passed   3 failed 10ms", "c"}
	for _, test := range []struct{ want, now []string }{
		{[]string{"[...]", "11 passed   3 failed 99ms", "[...]"}, []string{"[...]", "12 passed   3 failed 10ms", "[...]"}},
		{[]string{"a", "[...]", "11 passed [...]", "c"}, []string{"a", "[...]", "12 passed   3 failed 10ms", "c"}},
		{[]string{"a", "[...]", "12 passed [...]", "d"}, got},
		{[]string{"a", "[...]", "12 passed [...]", "c"}, []string{"a", "[...]", "12 passed [...]", "c"}},
		{[]string{"a", "other", "[...]"}, got},
	} {
		if now := elided(test.want, got); !slices.Equal(now, test.now) {
			t.Errorf("%q: expected %q, got %q", test.want, test.now, now)
		}
	}
}

// The workflows that guides show use inputs that the action and the template have.
func TestGuideWorkflows(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(repository, "docs", "guides", "ci.md"))
	if err != nil {
		t.Fatal(err)
	}
	inputs := readAction(t).Inputs
	template, err := os.ReadFile(filepath.Join(repository, "templates", "ikc-conform.yml"))
	if err != nil {
		t.Fatal(err)
	}
	uses, components := 0, 0
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(b), -1) {
		var page struct {
			Jobs map[string]struct {
				Steps []struct {
					Uses string
					With map[string]string
				}
			}
			Include []struct {
				Component string
				Inputs    map[string]string
			}
		}
		if err := yaml.Unmarshal([]byte(block[1]), &page); err != nil {
			t.Fatalf("%v in\n%s", err, block[1])
		}
		for _, job := range page.Jobs {
			for _, s := range job.Steps {
				if !strings.HasPrefix(s.Uses, "perl-ikc/ikc-conform@") {
					continue
				}
				uses++
				for name := range s.With {
					if _, ok := inputs[name]; !ok {
						t.Errorf("ci.md: the action has no input %q", name)
					}
				}
			}
		}
		for _, in := range page.Include {
			components++
			for name := range in.Inputs {
				if !strings.Contains(string(template), "\n    "+name+":\n") {
					t.Errorf("ci.md: the template has no input %q", name)
				}
			}
		}
	}
	if uses == 0 || components == 0 {
		t.Errorf("expected a use of the action and of the template, got %d and %d", uses, components)
	}
}

// TestFirstScreen follows what the README says before its first heading: it leads from a capture to
// why it fails.
func TestFirstScreen(t *testing.T) {
	need(t, "bash", "bash")
	path := filepath.Join(repository, "README.md")
	g, err := readGuide(path)
	if err != nil {
		t.Fatal(err)
	}
	first := slices.IndexFunc(g.lines, func(l string) bool { return strings.HasPrefix(l, "## ") })
	g.steps = slices.DeleteFunc(g.steps, func(s step) bool { return s.first > first })
	if len(g.steps) == 0 || first > 60 {
		t.Fatalf("expected a command and what it prints in the first screen, got %d in %d lines", len(g.steps), first)
	}
	g.follow(t, path)
}
