package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestGoreleaser follows .goreleaser.yaml as far as it goes without goreleaser: its hooks are run,
// what archives and packages are made of is there afterwards, and the command can be built for each
// system.
func TestGoreleaser(t *testing.T) {
	t.Parallel()
	need(t, "go", "golang-go")
	need(t, "sh", "dash")
	b, err := os.ReadFile(filepath.Join(repository, ".goreleaser.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	type times struct{ Mtime string }
	var config struct {
		Version     int
		ProjectName string `yaml:"project_name"`
		Before      struct{ Hooks []string }
		Builds      []struct {
			Main           string
			Env            []string
			Flags, Ldflags []string
			ModTimestamp   string `yaml:"mod_timestamp"`
			Goos, Goarch   []string
		}
		Archives []struct {
			Formats    []string
			BuildsInfo times `yaml:"builds_info"`
			Files      []struct {
				Src  string
				Info times
			}
			FormatOverrides []struct {
				Goos    string
				Formats []string
			} `yaml:"format_overrides"`
		}
		Nfpms []struct {
			Formats                                             []string
			Maintainer, Homepage, Description, License, Section string
			Mtime                                               string
			Rpm                                                 struct{ Buildhost string }
			Contents                                            []struct {
				Src, Dst string
				FileInfo times `yaml:"file_info"`
			}
		}
		Dockers []struct {
			ImageTemplates           []string `yaml:"image_templates"`
			BuildFlagTemplates       []string `yaml:"build_flag_templates"`
			ExtraFiles               []string `yaml:"extra_files"`
			Dockerfile, Goos, Goarch string
		}
		Sboms []struct{ ID, Artifacts string }
		Signs []struct {
			ID, Artifacts, Cmd, Signature, Certificate string
			Args                                       []string
		}
		DockerSigns []struct {
			ID, Artifacts, Cmd string
			Args               []string
		} `yaml:"docker_signs"`
		Checksum struct {
			NameTemplate string `yaml:"name_template"`
		}
		Changelog struct{ Use string }
		Release   struct{ Github struct{ Owner, Name string } }
	}
	d := yaml.NewDecoder(strings.NewReader(string(b)))
	d.KnownFields(true) // a typing error would be passed over
	if err := d.Decode(&config); err != nil {
		t.Fatal(err)
	}
	if config.Version != 2 || len(config.Builds) != 1 || len(config.Archives) == 0 || len(config.Nfpms) == 0 || len(config.Dockers) == 0 {
		t.Fatalf("expected version 2 with a build, archives, packages and an image, got %+v", config)
	}
	if len(config.Sboms) == 0 || len(config.Signs) == 0 || len(config.DockerSigns) == 0 {
		t.Errorf("expected lists of what is in the archives, signatures of the checksums and of the image, got %+v", config)
	}
	for _, image := range config.Dockers {
		if !slices.ContainsFunc(image.ImageTemplates, func(name string) bool { return strings.HasSuffix(name, ":{{ .Version }}") }) {
			t.Errorf("image %v: expected a tag that is the version, which does not move", image.ImageTemplates)
		}
	}
	dir := copyOfRepository(t)
	for _, hook := range config.Before.Hooks {
		cmd := exec.Command("sh", "-c", hook)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", hook, err, out)
		}
	}
	var sources []string
	made := []times{config.Archives[0].BuildsInfo, {config.Nfpms[0].Mtime}}
	for _, f := range config.Archives[0].Files {
		sources, made = append(sources, f.Src), append(made, f.Info)
	}
	for _, c := range config.Nfpms[0].Contents {
		sources, made = append(sources, c.Src), append(made, c.FileInfo)
	}
	if slices.ContainsFunc(made, func(t times) bool { return t.Mtime != "{{ .CommitDate }}" }) || config.Nfpms[0].Rpm.Buildhost == "" {
		t.Errorf("expected times of the commit alone, and no name of a machine, so that a build can be repeated, got %v", made)
	}
	for _, s := range append(sources, append(config.Dockers[0].ExtraFiles, config.Dockers[0].Dockerfile, config.Builds[0].Main+"/main.go")...) {
		found, err := filepath.Glob(filepath.Join(dir, s))
		if err != nil || len(found) == 0 {
			t.Errorf("%s: expected files after the hooks, got %v, %v", s, found, err)
		}
	}
	for _, system := range config.Builds[0].Goos {
		for _, arch := range config.Builds[0].Goarch {
			cmd := exec.Command("go", "list", "-deps", "-e", "-f", "{{with .Error}}{{.}}{{end}}", config.Builds[0].Main)
			cmd.Dir = repository
			cmd.Env = append(append(os.Environ(), config.Builds[0].Env...), "GOOS="+system, "GOARCH="+arch)
			if out, err := cmd.Output(); err != nil || strings.TrimSpace(string(out)) != "" {
				t.Errorf("%s/%s: expected all that the command needs, got %v: %s", system, arch, err, out)
			}
		}
	}
}
