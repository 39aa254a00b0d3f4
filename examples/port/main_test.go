package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/gen"
	"github.com/perl-ikc/ikc-conform/examples/port/crew"
	"github.com/perl-ikc/ikc-conform/internal/perltest"
	ikc "github.com/perl-ikc/ikc-conform/reference"
)

const testdata = "../../conformance/replay/testdata"

// day has a worker work for a board, which is to count three jobs.
func day(t *testing.T, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	got, err := work(ctx, address, "Gopher")
	if want := (crew.BoardScoreAnswer{Of: "Gopher", Jobs: []int64{1, 2, 3}}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("expected %+v, got %+v, %v", want, got, err)
	}
}

// TestPerlBoard: the worker does for the Perl program that was recorded what the Perl worker did.
func TestPerlBoard(t *testing.T) {
	day(t, perltest.Listening(t, filepath.Join(testdata, "board.pl")))
}

// board is the board in Go: what was generated serves for the other side, too.
type board struct {
	crew.UnimplementedBoard
	k    *ikc.Kernel
	done []int64
}

func (b *board) Join(ctx context.Context, _ *ikc.Request, who []string) error {
	worker := crew.NewWorkerClient(b.k, who[0])
	for n := range int64(3) {
		if err := worker.PostJob(ctx, crew.WorkerJobParams{N: n + 1, Text: fmt.Sprint("job ", n+1)}); err != nil {
			return err
		}
	}
	return nil
}

func (b *board) Done(ctx context.Context, _ *ikc.Request, job crew.BoardDoneParams) error {
	if b.done = append(b.done, job.V1); len(b.done) < 3 {
		return nil
	}
	worker := crew.NewWorkerClient(b.k, job.Kernel)
	got, err := worker.Run(ctx, crew.WorkerRunParams{Text: "two words"})
	if err != nil {
		return err
	}
	return worker.PostBye(ctx, got.Words)
}

func (b *board) Score(_ context.Context, _ *ikc.Request, of string) (crew.BoardScoreAnswer, error) {
	return crew.BoardScoreAnswer{Of: of, Jobs: b.done}, nil
}

// TestGoBoard: it does the same where there is no Perl.
func TestGoBoard(t *testing.T) {
	k, err := ikc.New(ikc.Config{Name: "Board"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := crew.NewBoardSession(k, &board{k: k}); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- k.Serve(ctx, l) }()
	day(t, l.Addr().String())
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// TestGenerated: package crew is what 'ikc-conform gen go' writes today.
func TestGenerated(t *testing.T) {
	r, err := capture.Open(filepath.Join(testdata, "crew.pcapng"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	i, err := gen.Read(r.Events(capture.Limits{}), gen.Options{})
	if err != nil {
		t.Fatal(err)
	}
	files, err := i.Files(gen.Writing{Package: "crew", Source: "crew.pcapng"})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if got, err := os.ReadFile(filepath.Join("crew", f.Name)); err != nil || string(got) != string(f.Text) {
			t.Errorf("%s is not what is written now, %v: go generate ./examples/port", f.Name, err)
		}
	}
}
