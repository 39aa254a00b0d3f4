package main

import (
	"context"
	"io"
	"testing"
)

// TestProgramThatDidNotBegin: an interrupt that comes before a program has begun is no fault of the
// program.
func TestProgramThatDidNotBegin(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p, err := startProgram(ctx, "go version", "127.0.0.1:1", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	p.stop()
	if _, err := startProgram(t.Context(), "./no-such-program", "127.0.0.1:1", io.Discard); err == nil {
		t.Error("a program that is not there: expected an error, got none")
	}
}
