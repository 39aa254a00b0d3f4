// Package metrics shows the counts of a kernel to Prometheus and to OpenTelemetry. It is a module
// of its own, so that nobody else has to have these.
package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	ikc "github.com/perl-ikc/ikc-conform/reference"
)

// Prometheus has a kernel's requests and calls in histograms of the registerer. The kernel is made
// with the hooks; when there is one, stats has its counts collected, too.
func Prometheus(r prometheus.Registerer) (hooks ikc.Hooks, stats func(*ikc.Kernel)) {
	requests := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "ikc_request_seconds", Help: "How long requests took, until they were answered.",
	}, []string{"session", "state", "failed"})
	calls := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "ikc_call_seconds", Help: "How long calls of other kernels took.",
	}, []string{"to", "failed"})
	r.MustRegister(requests, calls)
	hooks = ikc.Hooks{
		Request: func(d ikc.RequestDone) {
			requests.WithLabelValues(d.Session, d.State, failed(d.Err)).Observe(d.Took.Seconds())
		},
		Call: func(d ikc.CallDone) { calls.WithLabelValues(d.To, failed(d.Err)).Observe(d.Took.Seconds()) },
	}
	return hooks, func(k *ikc.Kernel) {
		for name, count := range map[string]func(s ikc.Stats) float64{
			"ikc_connections":    func(s ikc.Stats) float64 { return float64(s.Connections) },
			"ikc_detached":       func(s ikc.Stats) float64 { return float64(s.Detached) },
			"ikc_held_octets":    func(s ikc.Stats) float64 { return float64(s.Held) },
			"ikc_octets_read":    func(s ikc.Stats) float64 { return float64(s.OctetsIn) },
			"ikc_octets_written": func(s ikc.Stats) float64 { return float64(s.OctetsOut) },
		} {
			r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: "See Stats of package ikc."},
				func() float64 { return count(k.Stats()) }))
		}
	}
}

func failed(err error) string {
	if err != nil {
		return "yes"
	}
	return "no"
}

// OpenTelemetry has a kernel's requests in a histogram of the meter, and each as a span of the
// tracer, which begins when the request came.
func OpenTelemetry(m metric.Meter, t trace.Tracer) (ikc.Hooks, error) {
	requests, err := m.Float64Histogram("ikc.request.duration", metric.WithUnit("s"))
	if err != nil {
		return ikc.Hooks{}, err
	}
	return ikc.Hooks{Request: func(d ikc.RequestDone) {
		ctx := context.Background()
		what := []attribute.KeyValue{attribute.String("ikc.session", d.Session), attribute.String("ikc.state", d.State)}
		requests.Record(ctx, d.Took.Seconds(), metric.WithAttributes(append(what, attribute.Bool("ikc.failed", d.Err != nil))...))
		now := time.Now()
		_, span := t.Start(ctx, d.Session+"/"+d.State, trace.WithTimestamp(now.Add(-d.Took)), trace.WithAttributes(what...))
		if d.Err != nil {
			span.RecordError(d.Err)
		}
		span.End(trace.WithTimestamp(now))
	}}, nil
}
