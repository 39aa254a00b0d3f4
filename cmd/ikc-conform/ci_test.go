package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/perl-ikc/ikc-conform/conformance/report"
)

// repository is the root of the tree, seen from here.
const repository = "../.."

// action is action.yml, as far as it is followed here.
type action struct {
	Inputs map[string]struct {
		Default  string
		Required bool
	}
	Outputs map[string]struct{ Value string }
	Runs    struct {
		Using string
		Steps []struct {
			Name, ID, If, Uses, Shell, Run string
			WorkingDirectory               string `yaml:"working-directory"`
			With, Env                      map[string]string
		}
	}
}

// service stands for GitHub Actions: it expands expressions, runs the steps that are scripts in the
// shell that it would use, with the environment that they would find, and keeps what they leave.
type service struct {
	t       *testing.T
	dir     string            // of the repository that uses the action
	inputs  map[string]string // as given
	status  int
	log     string
	outputs map[string]string
	summary string
	steps   []string // that were run, or would be
	// prebuilt: the step that builds the command was tried before.
	prebuilt bool
}

var expression = regexp.MustCompile(`\$\{\{\s*(.*?)\s*\}\}`)

func (s *service) play(a *action) {
	s.t.Helper()
	root, err := filepath.Abs(repository)
	if err != nil {
		s.t.Fatal(err)
	}
	temp, bin := s.t.TempDir(), asCommand(s.t)
	values := map[string]string{"github.action_path": root}
	for name, in := range a.Inputs {
		values["inputs."+name] = in.Default
		if v, ok := s.inputs[name]; ok {
			values["inputs."+name] = v
		} else if in.Required {
			s.t.Fatalf("input %s is required", name)
		}
	}
	expand := func(text string) string {
		return expression.ReplaceAllStringFunc(text, func(e string) string {
			name := expression.FindStringSubmatch(e)[1]
			v, ok := values[name]
			if !ok {
				s.t.Fatalf("unknown expression %q", name)
			}
			return v
		})
	}
	output, summary := filepath.Join(temp, "output"), filepath.Join(temp, "summary")
	for _, f := range []string{output, summary} {
		if err := os.WriteFile(f, nil, 0o644); err != nil {
			s.t.Fatal(err)
		}
	}
	for _, step := range a.Runs.Steps {
		switch {
		case step.Uses != "":
			s.steps = append(s.steps, step.Uses)
			for _, v := range step.With {
				expand(v)
			}
			continue
		case strings.Contains(step.Run, "${{"):
			s.t.Errorf("step %q: expected inputs by way of the environment, since in a script they would be code", step.Name)
		case step.Shell != "bash":
			s.t.Fatalf("step %q: expected the shell bash, got %q", step.Name, step.Shell)
		case s.status != 0:
			continue
		case step.Name == "Build ikc-conform" && s.prebuilt:
			s.steps = append(s.steps, step.Name)
			continue // this test stands in for what it makes
		}
		s.steps = append(s.steps, step.Name)
		script := filepath.Join(temp, "script.sh")
		if err := os.WriteFile(script, []byte(step.Run), 0o644); err != nil {
			s.t.Fatal(err)
		}
		// As the runner does for shell: bash.
		cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", script)
		cmd.Dir = s.dir
		if step.WorkingDirectory != "" {
			cmd.Dir = expand(step.WorkingDirectory)
		}
		cmd.Env = append(os.Environ(), "GITHUB_ACTIONS=true", "RUNNER_TEMP="+temp, "GITHUB_OUTPUT="+output, "GITHUB_STEP_SUMMARY="+summary, "PATH="+bin+":"+os.Getenv("PATH"))
		for k, v := range step.Env {
			cmd.Env = append(cmd.Env, k+"="+expand(v))
		}
		out, err := cmd.CombinedOutput()
		s.log += string(out)
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			s.status = failed.ExitCode()
		} else if err != nil {
			s.t.Fatal(err)
		}
		s.outputs = map[string]string{}
		text, _ := os.ReadFile(output)
		for l := range strings.Lines(string(text)) {
			name, v, _ := strings.Cut(strings.TrimSpace(l), "=")
			s.outputs[name] = v
			values["steps."+step.ID+".outputs."+name] = v
		}
	}
	text, _ := os.ReadFile(summary)
	s.summary = string(text)
}

func readAction(t *testing.T) *action {
	b, err := os.ReadFile(filepath.Join(repository, "action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	a := new(action)
	if err := yaml.Unmarshal(b, a); err != nil {
		t.Fatal(err)
	}
	if a.Runs.Using != "composite" {
		t.Fatalf("expected a composite action, got %q", a.Runs.Using)
	}
	return a
}

// captures leaves one that conforms, and one that does not.
func captures(t *testing.T, dir string) (good, bad string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(repository, "captures", "perl-server-perl-client-ikc0.pcapng"))
	if err != nil {
		t.Fatal(err)
	}
	// PONG is what a call of ping is answered with.
	for name, text := range map[string][]byte{"good.pcapng": b, "bad.pcapng": bytes.ReplaceAll(b, []byte("PONG"), []byte("PING"))} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return "good.pcapng", "bad.pcapng"
}

// unheard demands of a log that GitHub hears no command while the command runs, and that our own
// annotations are heard afterwards.
func unheard(t *testing.T, name, log string) {
	t.Helper()
	token := ""
	for line := range strings.Lines(log) {
		line = strings.TrimRight(line, "\n")
		given, stops := strings.CutPrefix(line, "::stop-commands::")
		switch {
		case stops && token == "":
			if token = given; len(token) != 32 || tokens[token] {
				t.Errorf("%s: expected a token that was not there before, got %q", name, token)
			}
			tokens[token] = true
		case token != "" && line == "::"+token+"::":
			token = ""
		case token != "" && strings.HasPrefix(line, "::"):
			t.Errorf("%s: expected no command of ours where none is heard, got %q", name, line)
		case token == "" && !strings.HasPrefix(line, "::error title=") && !strings.HasPrefix(line, "::warning title=") && !strings.HasPrefix(line, "::notice title="):
			t.Errorf("%s: expected the output to be where no command is heard, got %q", name, line)
		}
	}
	if token != "" {
		t.Errorf("%s: expected commands to be heard again at the end", name)
	}
}

// tokens are those that were used.
var tokens = map[string]bool{}

func TestAction(t *testing.T) {
	t.Parallel()
	need(t, "bash", "bash")
	need(t, "go", "golang-go")
	a := readAction(t)
	dir := t.TempDir()
	good, bad := captures(t, dir)
	printed(t, "check", filepath.Join(dir, good), "--json", filepath.Join(dir, "main.json"))
	for i, test := range []struct {
		name    string
		inputs  map[string]string
		status  int
		outputs map[string]string
		log     string
		summary string
	}{
		{"a run", map[string]string{"targets": "reference", "arguments": "--cells=server/IKC\n--checks=PING-001"}, 0, map[string]string{"status": "0"}, "Conformant: 1 check passed", "### ✅ reference"},
		{"captures", map[string]string{"command": "check", "targets": good}, 0, map[string]string{"status": "0"}, "Conformant", "### ✅ "},
		{"a failure", map[string]string{"command": "check", "targets": bad}, 1, map[string]string{"status": "1"}, "\n::error title=PING-001 MUST%3A bad.pcapng::", "<code>PING-001</code>"},
		{"never", map[string]string{"command": "check", "targets": bad, "fail-on": "never"}, 0, map[string]string{"status": "1"}, "::error ", "### ❌ "},
		{"worse", map[string]string{"command": "check", "targets": bad, "compare-with": "main.json", "fail-on": "worse"}, 1, map[string]string{"status": "1", "worse": "true"}, "New failures:", "**New failures**"},
		{"not worse", map[string]string{"command": "check", "targets": good, "compare-with": "main.json", "fail-on": "worse"}, 0, map[string]string{"status": "0", "worse": "false"}, "Nothing changed", "Nothing changed"},
		{"nothing to compare with", map[string]string{"command": "check", "targets": good, "compare-with": "none.json", "fail-on": "worse"}, 0, map[string]string{"status": "0", "worse": ""}, "::notice title=IKC conformance::none.json is not there", "### ✅ "},
		{"a typing error", map[string]string{"targets": "reference", "fail-on": "always"}, 2, nil, "expected failure, worse or never, got 'always'", ""},
		{"a target that is none", map[string]string{"targets": "nonsense"}, 2, map[string]string{"status": "2"}, "nonsense", ""},
		{"no code", map[string]string{"targets": "$(touch injected); `touch injected`", "arguments": "--checks=PING-001"}, 2, map[string]string{"status": "2"}, "", ""},
	} {
		s := &service{t: t, dir: dir, inputs: test.inputs, prebuilt: i > 0}
		s.play(a)
		if s.status != test.status || !strings.Contains("\n"+s.log, test.log) || !strings.Contains(s.summary, test.summary) {
			t.Errorf("%s: expected exit status %d, %q in the log, %q in the summary; got %d\n%s\n%s", test.name, test.status, test.log, test.summary, s.status, s.log, s.summary)
		}
		unheard(t, test.name, s.log)
		for k, v := range test.outputs {
			if s.outputs[k] != v {
				t.Errorf("%s: expected the output %s to be %q, got %q", test.name, k, v, s.outputs[k])
			}
		}
		if n := len(s.steps); n == 0 || !strings.HasPrefix(s.steps[n-1], "actions/upload-artifact@") || test.status < 2 && n != 4 {
			t.Errorf("%s: expected the reports to be kept in the end, got %q", test.name, s.steps)
		}
		if test.status < 2 {
			if _, err := report.ReadFile(filepath.Join(dir, "ikc-conform", "run.json")); err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
			for _, name := range []string{"report.html", "junit.xml", "report.sarif", "badge.svg"} {
				if info, err := os.Stat(filepath.Join(dir, "ikc-conform", name)); err != nil || info.Size() == 0 {
					t.Errorf("%s: expected the report %s, got %v", test.name, name, err)
				}
			}
		}
		if err := os.RemoveAll(filepath.Join(dir, "ikc-conform")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "injected")); err == nil {
		t.Error("expected inputs to be no code")
	}
	for name, out := range a.Outputs {
		if e := expression.FindStringSubmatch(out.Value); e == nil || !strings.HasPrefix(e[1], "steps.run.outputs.") {
			t.Errorf("output %s: expected one of the step run, got %q", name, out.Value)
		}
	}
}

// The template of GitLab, with its inputs filled in and its scripts run as a runner does: one after
// the other in one shell.
func TestGitLabTemplate(t *testing.T) {
	need(t, "sh", "dash")
	b, err := os.ReadFile(filepath.Join(repository, "templates", "ikc-conform.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var header struct {
		Spec struct {
			Inputs map[string]struct {
				Default *string
				Options []string
			}
		}
	}
	head, body, ok := strings.Cut(string(b), "\n---\n")
	if err := yaml.Unmarshal([]byte(head), &header); err != nil || !ok {
		t.Fatalf("expected a header with inputs: %v", err)
	}
	dir := t.TempDir()
	good, bad := captures(t, dir)
	printed(t, "check", filepath.Join(dir, good), "--json", filepath.Join(dir, "main.json"))
	printed(t, "check", filepath.Join(dir, good), "--checks", "FR-*", "--json", filepath.Join(dir, "few.json"))
	for _, test := range []struct {
		name   string
		inputs map[string]string
		status int
		log    string
	}{
		{"a run", map[string]string{"targets": "reference", "arguments": "--cells=server/IKC|--checks=PING-001"}, 0, "Conformant: 1 check passed"},
		{"several", map[string]string{"command": "check", "targets": good + "|" + bad}, 1, "Not conformant"},
		{"worse", map[string]string{"command": "check", "targets": bad, "compare-with": "main.json"}, 1, "New failures:"},
		{"not worse", map[string]string{"command": "check", "targets": good, "compare-with": "main.json"}, 0, "Nothing changed"},
		{"a target with blanks", map[string]string{"targets": "cmd:/nonexistent driver"}, 3, "/nonexistent"},
	} {
		text := regexp.MustCompile(`\$\[\[\s*inputs\.([-\w]+)\s*\]\]`).ReplaceAllStringFunc(body, func(e string) string {
			name := strings.Trim(e, "$[] ")[len("inputs."):]
			in, known := header.Spec.Inputs[name]
			v, given := test.inputs[name]
			if !known || !given && in.Default == nil {
				t.Fatalf("%s: input %s is unknown, or required", test.name, name)
			}
			if !given {
				v = *in.Default
			}
			if len(in.Options) > 0 && !slices.Contains(in.Options, v) {
				t.Fatalf("%s: input %s: expected one of %v, got %q", test.name, name, in.Options, v)
			}
			return v
		})
		var jobs map[string]struct {
			Image, Stage string
			Variables    map[string]string
			BeforeScript []string `yaml:"before_script"`
			Script       []string
			Artifacts    struct {
				When    string
				Paths   []string
				Reports map[string]string
			}
		}
		if err := yaml.Unmarshal([]byte(text), &jobs); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		job, ok := jobs["ikc-conform"]
		if !ok || len(jobs) != 1 {
			t.Fatalf("expected one job, got %v", slices.Collect(maps.Keys(jobs)))
		}
		cmd := exec.Command("sh", "-e", "-c", strings.Join(append(job.BeforeScript, job.Script...), "\n"))
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GITLAB_CI=true", "PATH="+asCommand(t)+":"+os.Getenv("PATH"))
		for k, v := range job.Variables {
			cmd.Env = append(cmd.Env, k+"="+v)
		}
		out, err := cmd.CombinedOutput()
		var failed *exec.ExitError
		if err != nil && !errors.As(err, &failed) {
			t.Fatal(err)
		}
		if got := cmd.ProcessState.ExitCode(); got != test.status || !strings.Contains(string(out), test.log) {
			t.Errorf("%s: expected exit status %d and %q, got %d\n%s", test.name, test.status, test.log, got, out)
		}
		for kind, path := range job.Artifacts.Reports {
			if info, err := os.Stat(filepath.Join(dir, path)); err != nil || info.Size() == 0 {
				t.Errorf("%s: expected the %s report %s: %v", test.name, kind, path, err)
			}
		}
		if err := os.RemoveAll(filepath.Join(dir, "ikc-conform")); err != nil {
			t.Fatal(err)
		}
	}
}

// The image, built of nothing but the command, runs it.
func TestImage(t *testing.T) {
	t.Parallel()
	need(t, "docker", "docker-cli")
	if out, err := exec.Command("docker", "version").CombinedOutput(); err != nil {
		t.Skipf("no container engine here: %s", out)
	}
	need(t, "go", "golang-go")
	dir := t.TempDir()
	build := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(dir, "ikc-conform"), ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := os.CopyFS(filepath.Join(dir, "ci", "work"), os.DirFS(filepath.Join(repository, "ci", "work"))); err != nil {
		t.Fatal(err)
	}
	tag := fmt.Sprintf("ikc-conform-test:%d", os.Getpid())
	docker := func(args ...string) (string, int) {
		cmd := exec.Command("docker", args...)
		out, err := cmd.CombinedOutput()
		var failed *exec.ExitError
		if err != nil && !errors.As(err, &failed) {
			t.Fatal(err)
		}
		return string(out), cmd.ProcessState.ExitCode()
	}
	if out, status := docker("build", "--network", "none", "-t", tag, "-f", filepath.Join(repository, "ci", "Dockerfile"), dir); status != 0 {
		t.Fatalf("docker build: exit status %d: %s", status, out)
	}
	t.Cleanup(func() { docker("image", "rm", "--force", tag) })
	work := t.TempDir()
	if err := os.Chmod(work, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"run", "--rm", "--network", "none", tag, "run", "reference", "--json", "run.json"},
		{"run", "--rm", "--network", "none", "--read-only", "--volume", work + ":/work", "--user", "65534", tag, "run", "reference", "--cells", "server", "--html", "report.html"},
	} {
		if out, status := docker(args...); status != 0 || !strings.Contains(out, "Conformant: ") {
			t.Errorf("docker %v: expected a conformant reference, got exit status %d\n%s", args, status, out)
		}
	}
	if _, err := os.Stat(filepath.Join(work, "report.html")); err != nil {
		t.Errorf("expected the report in the directory that was mounted: %v", err)
	}
	if out, status := docker("run", "--rm", tag, "run", "cmd:/nonexistent"); status != 3 {
		t.Errorf("expected the exit status of the command, 3, got %d\n%s", status, out)
	}
}
