package house

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// unpinned are the base images that are named by a tag, which somebody else may move, and why. No
// registry was reached from where they were written, so that a digest could not be looked up; an
// invented one would be worse than none. "make pin" prints them.
var unpinned = map[string]string{
	"Dockerfile.perl debian:bookworm-slim":                       "security updates of Debian move it; BASE names another",
	"conformance/container/Dockerfile.perl debian:bookworm-slim": "the same file",
	"templates/ikc-conform.yml golang:1.26":                      "the input image names another",
}

// read is a file of the repository.
func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// matching are the files of the repository that match a pattern.
func matching(t *testing.T, pattern string) (paths []string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join("../..", pattern))
	if err != nil || len(found) == 0 {
		t.Fatalf("%s: expected files, got %v", pattern, err)
	}
	for _, path := range found {
		paths = append(paths, strings.TrimPrefix(filepath.ToSlash(path), "../../"))
	}
	return paths
}

var (
	uses   = regexp.MustCompile(`(?m)^\s*(?:- )?uses:\s*(.*)$`)
	pinned = regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40} # v[0-9.]+$`)
)

// TestActionsArePinned: an action of somebody else is named by a commit, its version behind it.
func TestActionsArePinned(t *testing.T) {
	for _, path := range append(matching(t, ".github/workflows/*.yml"), "action.yml") {
		all := uses.FindAllStringSubmatch(read(t, path), -1)
		if len(all) == 0 {
			t.Errorf("%s: expected actions", path)
		}
		for _, m := range all {
			if !pinned.MatchString(m[1]) && !strings.HasPrefix(m[1], "./") {
				t.Errorf("%s: uses %s: expected OWNER/NAME@COMMIT # vVERSION", path, m[1])
			}
		}
	}
}

// TestImagesArePinned: base images are named by a digest, but for those of the table.
func TestImagesArePinned(t *testing.T) {
	found := map[string]bool{}
	for _, path := range []string{"Dockerfile.perl", "conformance/container/Dockerfile.perl", "ci/Dockerfile"} {
		stages := map[string]bool{"scratch": true}
		arguments := map[string]string{}
		for line := range strings.Lines(read(t, path)) {
			words := strings.Fields(line)
			if len(words) < 2 {
				continue
			}
			if name, value, ok := strings.Cut(words[1], "="); ok && words[0] == "ARG" {
				arguments["${"+name+"}"] = value
			}
			if words[0] != "FROM" {
				continue
			}
			image := words[1]
			if value, ok := arguments[image]; ok {
				image = value
			}
			if !stages[image] && !strings.Contains(image, "@sha256:") {
				found[path+" "+image] = true
			}
			if len(words) == 4 {
				stages[words[3]] = true
			}
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^\s+default: ([a-z]+:\S+)$`).FindAllStringSubmatch(read(t, "templates/ikc-conform.yml"), -1) {
		found["templates/ikc-conform.yml "+m[1]] = true
	}
	if got, want := slices.Sorted(maps.Keys(found)), slices.Sorted(maps.Keys(unpinned)); !slices.Equal(got, want) {
		t.Errorf("not pinned by a digest: expected %q, got %q", want, got)
	}
}

// TestImagesAreNotRoot: what an image of ours starts is not root.
func TestImagesAreNotRoot(t *testing.T) {
	for _, path := range []string{"Dockerfile.perl", "ci/Dockerfile"} {
		text := read(t, path)
		last := text[strings.LastIndex(text, "\nFROM "):]
		users := regexp.MustCompile(`(?m)^USER (\S+)$`).FindAllStringSubmatch(last, -1)
		if len(users) == 0 || regexp.MustCompile(`^(root|0)(:|$)`).MatchString(users[len(users)-1][1]) {
			t.Errorf("%s: expected a USER in its last stage that is not root, got %q", path, users)
		}
	}
}

// TestToolsAreVersioned: what "go run" fetches has a version that does not move.
func TestToolsAreVersioned(t *testing.T) {
	for _, path := range []string{"Makefile", ".ci/run", ".ci/vuln"} {
		for _, m := range regexp.MustCompile(`go (?:run|install) ([a-z][\w-]*\.[a-z]\S*)`).FindAllStringSubmatch(read(t, path), -1) {
			if !regexp.MustCompile(`@v[0-9]+\.[0-9]+\.[0-9]+\}?$`).MatchString(m[1]) {
				t.Errorf("%s: %s: expected a version such as @v1.2.3", path, m[1])
			}
		}
	}
}

// TestActionIsGuarded: whatever the command prints in the action is heard by nobody.
func TestActionIsGuarded(t *testing.T) {
	text := read(t, "action.yml")
	if !strings.Contains(text, `echo "::stop-commands::$token"`) || !strings.Contains(text, `echo "::$token::"`) || !strings.Contains(text, "/dev/urandom") {
		t.Error("action.yml: expected ::stop-commands:: with a token of /dev/urandom, and the token behind it")
	}
	calls := regexp.MustCompile(`(?m)^\s*(.*)\bikc-conform ["a-z].*$`).FindAllStringSubmatch(text, -1)
	n := 0
	for _, m := range calls {
		if strings.HasPrefix(m[0], "description") || strings.Contains(m[0], ":") && !strings.Contains(m[0], "guarded") {
			continue
		}
		n++
		if m[1] != "guarded " {
			t.Errorf("action.yml: %q: expected it to be guarded", strings.TrimSpace(m[0]))
		}
	}
	if n != 2 {
		t.Errorf("action.yml: expected two uses of the command, got %d", n)
	}
}

// TestVulnerabilitiesAreLookedFor: CI says when it could not look, and elsewhere that is a failure.
func TestVulnerabilitiesAreLookedFor(t *testing.T) {
	if !strings.Contains(read(t, ".ci/run"), "make --no-print-directory vuln") {
		t.Error(".ci/run: expected make vuln")
	}
	if !strings.Contains(read(t, ".github/workflows/vuln.yml"), "VULN: must") {
		t.Error(".github/workflows/vuln.yml: expected VULN: must")
	}
}
