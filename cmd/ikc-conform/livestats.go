package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// home puts what comes next in place of what a terminal shows.
const home = "\x1b[H\x1b[J"

// liveCounts are counts of a capture that grows. They are safe for concurrent use.
type liveCounts struct {
	mu    sync.Mutex
	stats *dialogue.Stats
	last  time.Time // of what was counted last
	fresh bool      // something was counted that has not been shown
}

func (l *liveCounts) item(c *dialogue.Connection, item dialogue.Item) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fresh, l.last = true, item.Stamp().Time
	_ = l.stats.Item(c, item)
}

// show writes the counts if something has come since it did so last.
func (l *liveCounts) show(i *inspecting, out *bufio.Writer) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.fresh {
		return nil
	}
	l.fresh = false
	if i.asJSON {
		return errors.Join(l.stats.WriteJSON(out), out.Flush())
	}
	if i.terminal {
		_, _ = out.WriteString(home)
	}
	fmt.Fprintf(out, "as of %s\n", l.last.UTC().Format("2006-01-02 15:04:05.000000 UTC"))
	return errors.Join(l.stats.Write(out), out.WriteByte('\n'), out.Flush())
}

// ServeHTTP answers with the counts as metrics.
func (l *liveCounts) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	var b bytes.Buffer
	l.mu.Lock()
	_ = l.stats.WriteMetrics(&b)
	l.mu.Unlock()
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write(b.Bytes())
}

// liveStats shows counts of a capture that grows: every so often if something came, and at the end.
func (i *inspecting) liveStats(r *capture.Reader, out *bufio.Writer) error {
	counts := &liveCounts{stats: dialogue.NewLiveStats(i.opts.Filter)}
	if i.metrics != nil {
		routes := http.NewServeMux()
		routes.Handle("GET /metrics", counts)
		server := &http.Server{Handler: routes, ReadHeaderTimeout: 10 * time.Second, WriteTimeout: time.Minute, MaxHeaderBytes: 64 << 10}
		defer server.Close()
		go func() { _ = server.Serve(i.metrics) }()
	}
	var writing error
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		again := time.NewTicker(i.every)
		defer again.Stop()
		for writing == nil {
			select {
			case <-again.C:
				writing = counts.show(i, out)
			case <-done:
				writing = counts.show(i, out)
				return
			}
		}
	}()
	err := i.observe(r, counts.item)
	close(done)
	<-ended
	return errors.Join(writing, err)
}

// listenForMetrics listens where --metrics says.
func (i *inspecting) listenForMetrics(cmd *cobra.Command) (err error) {
	if err := endpoint("metrics", i.metricsAt, true); err != nil {
		return err
	}
	if i.metrics, err = net.Listen(network(i.metricsAt)); err != nil {
		return broken(fmt.Errorf("--metrics %s: %w\n  expected an address of this machine with a port that is free, such as 127.0.0.1:9603",
			i.metricsAt, err))
	}
	at := fmt.Sprintf("http://%v/metrics", i.metrics.Addr())
	if i.metrics.Addr().Network() == "unix" {
		at = fmt.Sprintf("/metrics of HTTP at unix:%v", i.metrics.Addr())
	}
	fmt.Fprintln(cmd.ErrOrStderr(), "ikc-conform: metrics are at", visible.Text(at))
	return nil
}
