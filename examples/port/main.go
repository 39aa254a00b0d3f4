// Command port is a Perl worker in Go, conformance/replay/testdata/join.pl. Package crew was
// written from a recording of three such workers at a board, a Perl program; what is here, by hand.
//
//	port ADDRESS NAME
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/perl-ikc/ikc-conform/examples/port/crew"
	ikc "github.com/perl-ikc/ikc-conform/reference"
)

//go:generate go run ../../cmd/ikc-conform gen go ../../conformance/replay/testdata/crew.pcapng -o crew

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: port ADDRESS NAME")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	score, err := work(ctx, os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "port:", err)
		os.Exit(1)
	}
	fmt.Printf("%s did the jobs %v\n", score.Of, score.Jobs)
}

// worker is the session "worker".
type worker struct {
	crew.UnimplementedWorker
	name  string
	board *crew.BoardClient
	score chan crew.BoardScoreAnswer // what the board says at the end
}

// Job does a job, and tells the board.
func (w *worker) Job(ctx context.Context, _ *ikc.Request, job crew.WorkerJobParams) error {
	return w.board.PostDone(ctx, crew.BoardDoneParams{Kernel: w.name, V1: job.N})
}

// Run counts words.
func (w *worker) Run(_ context.Context, _ *ikc.Request, text crew.WorkerRunParams) (crew.WorkerRunAnswer, error) {
	return crew.WorkerRunAnswer{By: w.name, Words: int64(len(strings.Fields(text.Text)))}, nil
}

// Bye ends the day.
func (w *worker) Bye(ctx context.Context, _ *ikc.Request, _ int64) error {
	score, err := w.board.Score(ctx, w.name)
	if err == nil {
		w.score <- score
	}
	return err
}

// work joins the board for a long day, and returns what the board counted.
func work(ctx context.Context, address, name string) (score crew.BoardScoreAnswer, err error) {
	k, err := ikc.New(ikc.Config{Name: name})
	if err != nil {
		return score, err
	}
	defer func() {
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = k.Shutdown(limit)
	}()
	w := &worker{name: name, score: make(chan crew.BoardScoreAnswer, 1)}
	s, err := crew.NewWorkerSession(k, w)
	if err != nil {
		return score, err
	}
	w.board = crew.NewBoardClient(s, "Board")
	ch, err := k.Dial(ctx, "tcp", address)
	if err != nil {
		return score, err
	}
	if err := w.board.PostJoin(ctx, []string{name, "long"}); err != nil {
		return score, err
	}
	select {
	case score = <-w.score:
		return score, nil
	case <-ctx.Done():
		return score, ctx.Err()
	case <-ch.Done():
		return score, fmt.Errorf("the board is gone: %w", ch.Err())
	}
}
