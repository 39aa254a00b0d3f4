package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// elsewhere lists commands and flags that no script or guide has, and the test that has them.
func elsewhere() map[string]string {
	tests := map[string]string{}
	for _, c := range []string{"post", "ping", "subscribe", "monitor"} {
		for _, flag := range []string{"tls", "ca", "insecure"} {
			tests[c+" --"+flag] = "TestClientTLS"
		}
	}
	return tests
}

// TestEverythingIsTested demands that a script or a guide uses each command, each of its flags, and
// each exit status that 'ikc-conform explain' knows.
func TestEverythingIsTested(t *testing.T) {
	type use struct {
		words []string
		text  string
	}
	var uses []use
	statuses := map[string]bool{}
	read := func(pattern string) {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: no files, %v", pattern, err)
		}
		for _, path := range paths {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(b)) {
				if m := regexp.MustCompile(`^status (\d+) (.*)`).FindStringSubmatch(line); m != nil {
					statuses[m[1]] = true
					uses = append(uses, use{strings.Fields(m[2]), m[2]})
				}
				for _, m := range regexp.MustCompile(`ikc-conform ([a-z][^|&;>]*)`).FindAllStringSubmatch(line, -1) {
					if code := strings.HasPrefix(line, "    $ ") || strings.HasPrefix(line, "exec "); code {
						uses = append(uses, use{strings.Fields(m[1]), m[1]})
					}
				}
			}
		}
	}
	read("testdata/script/*.txtar")
	read(filepath.Join(repository, "docs", "guides", "*.md"))

	elsewhere := elsewhere()
	var visit func(c *cobra.Command, path []string)
	visit = func(c *cobra.Command, path []string) {
		for _, child := range c.Commands() {
			if child.IsAvailableCommand() {
				visit(child, append(path[:len(path):len(path)], child.Name()))
			}
		}
		if !c.Runnable() || len(path) == 0 {
			return
		}
		name := strings.Join(path, " ")
		var mine []use
		for _, u := range uses {
			if len(u.words) >= len(path) && strings.Join(u.words[:len(path)], " ") == name {
				mine = append(mine, u)
			}
		}
		if len(mine) == 0 && elsewhere[name] == "" {
			t.Errorf("no script or guide uses the command %q", name)
			return
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Hidden || f.Name == "help" || elsewhere[name+" --"+f.Name] != "" {
				return
			}
			forms := `(^| )('?--` + f.Name + `\b`
			if f.Shorthand != "" {
				forms += `|-` + f.Shorthand + `\b`
			}
			used := regexp.MustCompile(forms + `)`)
			for _, u := range mine {
				if used.MatchString(u.text) {
					return
				}
			}
			t.Errorf("no script or guide uses --%s of %q", f.Name, name)
		})
	}
	root := newRoot()
	completionCommand(root)
	visit(root, nil)
	for _, s := range exitStatuses() {
		if !statuses[strconv.Itoa(s.code)] {
			t.Errorf("no script has a command that ends with status %d", s.code)
		}
	}
	for what, test := range elsewhere {
		if found, err := tested(test); err != nil || !found {
			t.Errorf("%s: there is no test %s, %v", what, test, err)
		}
	}
}

// tested tells whether a test of that name is in this directory.
func tested(name string) (bool, error) {
	paths, err := filepath.Glob("*_test.go")
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			return false, err
		}
		if strings.Contains(string(b), "\nfunc "+name+"(t *testing.T)") {
			return true, nil
		}
	}
	return false, err
}
