package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestSteady has a boss of Perl killed again and again while the worker is at work: each job that
// came to the worker has become something, each that the boss has for done was answered, each end
// of a boss is told, and of the last boss, which ends in order, no job is lost. IKC_SOAK=10m has
// that take so long, with ten bosses killed; without it two are, in a few seconds.
func TestSteady(t *testing.T) {
	if out, err := exec.Command("perl", "-MPOE::Component::IKC::Server", "-e1").CombinedOutput(); err != nil {
		t.Skipf("no POE::Component::IKC to be a boss: %s", bytes.TrimSpace(out))
	}
	lives, each := 2, time.Second
	if s := os.Getenv("IKC_SOAK"); s != "" {
		whole, err := time.ParseDuration(s)
		if err != nil {
			t.Fatalf("IKC_SOAK: %v", err)
		}
		lives, each = 10, whole/11
	}
	var log syncBuffer
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	_, port, _ := net.SplitHostPort(address)
	ctx, stop := context.WithCancel(t.Context())
	worked := make(chan error, 1)
	name := fmt.Sprint("steady", time.Now().UnixNano()) // expvar takes a name once, and tests run more than once
	go func() { worked <- work(ctx, address, name) }()

	sent, done := map[string]bool{}, map[string]bool{}
	for life := 1; life <= lives+1; life++ {
		last := life > lives
		boss := exec.Command("perl", "boss.pl", port, fmt.Sprint("life", life))
		boss.Stderr = os.Stderr
		out, err := boss.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := boss.Start(); err != nil {
			t.Fatal(err)
		}
		var end *time.Timer // its time begins when a job is done: on a busy machine Perl takes a while to begin
		limit := time.AfterFunc(each+2*time.Minute, func() { _ = boss.Process.Kill() })
		for lines := bufio.NewScanner(out); lines.Scan(); {
			what, id, _ := strings.Cut(lines.Text(), " ")
			switch what {
			case "sent":
				sent[id] = true
			case "done":
				done[id] = true
				if end != nil {
					continue
				}
				end = time.AfterFunc(each, func() {
					if last {
						_ = boss.Process.Signal(syscall.SIGTERM)
					} else {
						_ = boss.Process.Kill()
					}
				})
			default:
				t.Errorf("the boss says %q", lines.Text())
			}
		}
		err = boss.Wait()
		limit.Stop()
		if end == nil {
			t.Fatalf("life %d: no job was done", life)
		}
		end.Stop()
		if last && err != nil {
			t.Errorf("the last boss: %v", err)
		}
	}
	// The worker hears that the last boss is gone: a kernel that has shut down tells no more.
	for end := time.Now().Add(20 * time.Second); strings.Count(log.String(), "event=unregister ") <= lives && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	if err := <-worked; err != nil {
		t.Errorf("the worker: %v", err)
	}

	text := log.String()
	became := map[string][]string{}
	for _, m := range regexp.MustCompile(`msg=job id=(\S+) became=(\S+)`).FindAllStringSubmatch(text, -1) {
		became[m[1]] = append(became[m[1]], m[2])
	}
	lost, unheard := 0, 0
	for id, what := range became {
		if !sent[id] || len(what) != 1 {
			t.Errorf("job %s became %v, sent %v", id, what, sent[id])
		}
		switch {
		case what[0] == "lost":
			lost++
			if done[id] {
				t.Errorf("job %s is said to be lost, and is done", id)
			}
		case !done[id]:
			unheard++ // answered when the boss was being killed, which monitors were told of
		}
	}
	lastLife := fmt.Sprintf("life%d-", lives+1)
	for id := range sent {
		if strings.HasPrefix(id, lastLife) && !done[id] {
			t.Errorf("job %s of the last boss is not done: became %v", id, became[id])
		}
	}
	for id := range done {
		if len(became[id]) != 1 || became[id][0] != "answered" {
			t.Errorf("job %s is done, and became %v", id, became[id])
		}
	}
	for event, want := range map[string]int{"register": lives + 1, "unregister": lives + 1} {
		if n := strings.Count(text, "event="+event+" "); n != want {
			t.Errorf("%s was told %d times, expected %d", event, n, want)
		}
	}
	if strings.Count(text, "event=reconnect ") < lives {
		t.Error("fewer attempts to connect again than bosses that were killed")
	}
	t.Logf("%d bosses killed: %d jobs sent, %d came, %d done; %d told as lost, %d answered to a boss that was being killed",
		lives, len(sent), len(became), len(done), lost, unheard)
	if len(done) < lives*20 {
		t.Errorf("only %d jobs were done", len(done))
	}
}

// syncBuffer is written to and read by several goroutines.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
