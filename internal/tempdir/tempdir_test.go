package tempdir_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/internal/tempdir"
)

const child = "IKC_TEMPDIR_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(child) != "" {
		dir, _, err := tempdir.New("ikc-tempdir-test-")
		if err != nil {
			panic(err)
		}
		os.Stdout.WriteString(dir + "\n")
		select {} // until it is killed
	}
	os.Exit(m.Run())
}

func TestKilledProcess(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("processes are killed in another way there")
	}
	t.Setenv("TMPDIR", t.TempDir())
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), child+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirs, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	theirs = strings.TrimSpace(theirs)
	old := time.Now().Add(-time.Hour)
	age := func() {
		if err := os.Chtimes(filepath.Join(theirs, ".lock"), old, old); err != nil {
			t.Fatal(err)
		}
	}
	age()
	there := func(dir string) bool { _, err := os.Stat(dir); return err == nil }
	ours, remove, err := tempdir.New("ikc-tempdir-test-")
	if err != nil {
		t.Fatal(err)
	}
	if !there(theirs) {
		t.Error("the directory of a process that lives is gone")
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	other, removeOther, err := tempdir.New("ikc-tempdir-test-")
	if err != nil {
		t.Fatal(err)
	}
	if there(theirs) {
		t.Error("the directory of a process that was killed is still there")
	}
	if !there(ours) || !there(other) {
		t.Error("a directory of our own is gone")
	}
	for _, f := range []func() error{remove, removeOther} {
		if err := f(); err != nil {
			t.Error(err)
		}
	}
	if there(ours) || there(other) {
		t.Error("a directory was not removed")
	}
}
