package main

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

func playDiff(t *testing.T) {
	path := foreignCapture(t)
	other := filepath.Join(repository, "captures", "perl-server-perl-client-ikc0.pcapng")
	feed(t, true, "diff", path, other)
	feed(t, true, "diff", other, path)
	feed(t, true, "diff", path, other, "--json", "-")
	feed(t, true, "diff", filepath.Join(t.TempDir(), foreignFile), path)
	noise := filepath.Join(t.TempDir(), foreignFile)
	if err := os.WriteFile(noise, []byte(foreignText), 0o600); err != nil {
		t.Fatal(err)
	}
	feed(t, true, "diff", path, path, "--noise", noise)
}

func playAnonymise(t *testing.T) {
	path := foreignCapture(t)
	dir := t.TempDir()
	out := filepath.Join(dir, foreignFile)
	feed(t, false, "anonymise", path, "-o", out, "--blank", "--force")
	feed(t, false, "anonymise", path, "-o", out, "--blank", "--json", "-", "--force")
	feed(t, false, "anonymise", path, "-o", out, "--blank", "--html", "-", "--force")
	feed(t, true, "anonymise", path, "-o", out)
	feed(t, true, "anonymise", out, "-o", out)
	feed(t, true, "anonymise", filepath.Join(dir, "none", foreignFile), "-o", out)
	feed(t, true, "anonymise", path, "-o", out, "--key", filepath.Join(dir, "none", foreignFile))
}

func playReduce(t *testing.T) {
	path := foreignCapture(t)
	out := filepath.Join(t.TempDir(), foreignFile)
	feed(t, false, "reduce", path, "-o", out, "--notice", "NOTE-011", "--script", out+".sh", "--force")
	feed(t, false, "reduce", path, "-o", out, "--notice", "NOTE-011", "--json", "-", "--force")
	feed(t, false, "reduce", path, "-o", out, "--notice", "NOTE-011", "--html", "-", "--force")
	feed(t, true, "reduce", path, "-o", out, "--check", "CALL-003")
	feed(t, true, "reduce", path, "-o", out, "--check", foreignName)
	feed(t, true, "reduce", path, "-o", out, "--notice", foreignName)
}

func playGenGo(t *testing.T) {
	path := foreignCapture(t)
	dir := t.TempDir()
	feed(t, false, "gen", "go", path, "-o", filepath.Join(dir, foreignFile), "--package", "foreign")
	feed(t, true, "gen", "go", path, "-o", filepath.Join(dir, foreignFile))
	feed(t, true, "gen", "go", path, "-o", dir, "--package", foreignName)
	feed(t, true, "gen", "go", path, "-o", dir, "--package", "foreign", "--map", foreignName)
	feed(t, true, "gen", "go", filepath.Join(dir, "none", foreignFile), "-o", dir, "--package", "foreign")
	crew := filepath.Join(repository, "conformance", "replay", "testdata", "crew.pcapng")
	feed(t, true, "gen", "go", crew, "-o", filepath.Join(dir, foreignFile), "--package", "foreign")
	feed(t, true, "gen", "go", crew, "-o", filepath.Join(path, foreignFile), "--package", "foreign")
}

func playReplay(t *testing.T) {
	path := foreignCapture(t)
	feed(t, true, "replay", path, "--to", "tcp:127.0.0.1:1", "--dry-run")
	for _, server := range foreignServers(t) {
		feed(t, true, "replay", path, "--to", "tcp:"+server, "--yes", "--patience", "200ms")
		feed(t, false, "replay", path, "--to", "tcp:"+server, "--yes", "--patience", "200ms", "--json", "-")
	}
	for _, form := range []string{"--patience=200ms", "--json=-", "--html=-"} {
		address := "unix:" + foreignWorker(t)
		feed(t, form != "--json=-", "replay", path, "--listen", address, "--yes", "--start-within", "20s", "--patience", "200ms", form)
	}
	feed(t, true, "replay", path, "--listen", foreignName, "--yes")
	feed(t, true, "replay", path, "--to", "tcp:127.0.0.1:0", "--yes", "--run", foreignName+" {port}")
	said := filepath.Join(t.TempDir(), "said")
	must(t, os.WriteFile(said, []byte(foreignText), 0o600))
	feed(t, true, "replay", path, "--listen", "127.0.0.1:0", "--yes", "--run", "cat "+said)
	feed(t, true, "replay", path, "--to", "tcp:127.0.0.1:0", "--yes", "--run", "cat "+said)
	feed(t, true, "replay", path, "--to", "tcp:127.0.0.1:1")
	feed(t, true, "replay", path, "--to", foreignName)
	feed(t, true, "replay", path, "--to", "tcp:127.0.0.1:1", "--safe", foreignName)
	feed(t, true, "replay", filepath.Join(t.TempDir(), foreignFile), "--to", "tcp:127.0.0.1:1")
}

// foreignWorker is a socket to which a worker connects, as soon as somebody listens there, that
// says foreign things.
func foreignWorker(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "worker")
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop) })
	go func() {
		for {
			conn, err := net.Dial("unix", path)
			if err == nil {
				defer conn.Close()
				_, _ = io.WriteString(conn, "SETUP KERNEL=c,"+foreignLine+";FREEZER=Storable;PID=1\r\n"+
					foreignMessage(&wire.Message{Event: foreignAt(foreignText), Params: foreignParams()})+foreignReport("c", foreignText, foreignText))
				<-stop
				return
			}
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	return path
}

// meant takes our own annotations out.
func meant(text string) string {
	return regexp.MustCompile(`(?m)^::(error|warning) title=`).ReplaceAllString(text, "ours ")
}

// foreignRun stores a run in which every text is foreign that a program could have written.
func foreignRun(t *testing.T, path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "run.json")
	if _, _, errs := command(t, "check", path, "--json", to); errs != "" {
		t.Fatal(errs)
	}
	d, err := report.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ToValidUTF8(foreignText, "")
	spoil(reflect.ValueOf(d.Reports), text)
	for _, r := range d.Reports {
		for _, p := range r.Parts {
			p.Error, p.Problems, p.Notes = text, []string{text}, []string{text}
		}
		r.Parts = append(r.Parts, &report.Part{Name: text + "skipped", Skipped: text})
	}
	f, err := os.Create(to)
	if err == nil {
		err = errors.Join(d.WriteJSON(f), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// words are the fields that hold one of a few words.
var words = []string{"ID", "Kind", "From", "Side", "Role", "Dialect", "Serializer", "Check", "Segmentation", "Tried"}

// spoil makes every string in a tree foreign.
func spoil(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			spoil(v.Elem(), text)
		}
	case reflect.Slice:
		for i := range v.Len() {
			spoil(v.Index(i), text)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && !slices.Contains(words, f.Name) {
				spoil(v.Field(i), text)
			}
		}
	case reflect.String:
		v.SetString(text)
	}
}
