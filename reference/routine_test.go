package ikc_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	ikc "github.com/perl-ikc/ikc-conform/reference"
)

// TestReconnectIsToldByName: monitors of the names that a peer had hear that KeepConnected tries
// again, each once for each attempt.
func TestReconnectIsToldByName(t *testing.T) {
	first := kernel(t, ikc.Config{Name: "Server", ID: "server-id", Aliases: []string{"Also"}})
	address := serve(t, first)
	client := kernel(t, ikc.Config{Name: "Client"})
	told := make(chan string, 1000)
	for _, name := range []string{"Server", "server-id", "Also", address, "Other"} {
		client.Monitor(name, ikc.Monitor{Reconnect: func(_ context.Context, e *ikc.MonitorEvent) {
			told <- fmt.Sprintf("%s %s %v %d", e.Kernel, e.About, e.Real, e.Attempt)
		}})
	}
	registered := make(chan bool, 10)
	client.Monitor("server-id", ikc.Monitor{Register: func(context.Context, *ikc.MonitorEvent) { registered <- true }})
	ended := make(chan error, 1)
	go func() {
		ended <- client.KeepConnected(t.Context(), "tcp", address, ikc.Backoff{Min: time.Millisecond, Attempts: 2})
	}()
	<-registered
	must(t, first.Shutdown(soon(t)))
	if err := <-ended; err == nil {
		t.Error("expected the last failure")
	}
	must(t, client.Shutdown(soon(t))) // which waits for monitors
	close(told)
	count := map[string]int{}
	for s := range told {
		count[s]++
	}
	for attempt := range 2 {
		for _, want := range []string{"Server Server false", "server-id server-id true", "Also Also false", address + " " + address + " false"} {
			if s := fmt.Sprint(want, " ", attempt+1); count[s] != 1 {
				t.Errorf("%q: told %d times, expected once", s, count[s])
			}
		}
	}
	if len(count) != 8 {
		t.Errorf("got %v", count)
	}
}

// TestRoutineIsNoWarning: what is routine has a level below that of what the original warns of.
func TestRoutineIsNoWarning(t *testing.T) {
	var log journal
	cfg := ikc.Config{Name: "Server", Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	server := kernel(t, cfg)
	address := serve(t, server)
	look := func(what string) string {
		t.Helper()
		line := ""
		settled(t, what, func() bool {
			for l := range strings.Lines(log.String()) {
				if strings.Contains(l, what) {
					line = l
				}
			}
			return line != ""
		})
		return line
	}
	conn, err := net.Dial("tcp", address)
	must(t, err)
	must(t, conn.Close())
	if l := look("nothing came"); !strings.Contains(l, "level=DEBUG") {
		t.Errorf("a health check: %s", l)
	}
	conn, err = net.Dial("tcp", address)
	must(t, err)
	_, err = conn.Write([]byte("GET / HTTP/1.0\r\n\r\n"))
	must(t, err)
	must(t, conn.Close())
	if l := look("HTTP"); !strings.Contains(l, "level=WARN") {
		t.Errorf("a stranger: %s", l)
	}
	cfg.Name = "Client"
	client := kernel(t, cfg)
	err = client.KeepConnected(soon(t), "unix", t.TempDir()+"/none", ikc.Backoff{Min: time.Millisecond, Attempts: 3})
	if err == nil {
		t.Error("expected the last failure")
	}
	levels := map[string]int{}
	for l := range strings.Lines(log.String()) {
		if strings.Contains(l, "operation=connect") || strings.Contains(l, "trying to connect again") {
			_, level, _ := strings.Cut(l, "level=")
			level, _, _ = strings.Cut(level, " ")
			levels[level]++
		}
	}
	if levels["WARN"] != 1 || levels["INFO"] != 3 || levels["DEBUG"] != 3 {
		t.Errorf("attempts have levels %v, expected 1 WARN, 3 INFO and 3 DEBUG", levels)
	}
}
