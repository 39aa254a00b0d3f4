package metrics

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	ikc "github.com/perl-ikc/ikc-conform/reference"
)

// used is a kernel that has called two states of its own, one of which failed.
func used(t *testing.T, hooks ikc.Hooks) *ikc.Kernel {
	t.Helper()
	k, err := ikc.New(ikc.Config{Name: "Me", Hooks: hooks})
	if err != nil {
		t.Fatal(err)
	}
	s, err := k.NewSession("shop", map[string]ikc.State{
		"open": func(context.Context, *ikc.Request) (any, error) { return "yes", nil },
		"sell": func(context.Context, *ikc.Request) (any, error) { return nil, errors.New("sold out") },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Publish("open", "sell")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if open, err := ikc.CallAs[string](ctx, k, "poe://Me/shop/open", nil); err != nil || open != "yes" {
		t.Fatal(open, err)
	}
	if _, err := k.Call(ctx, "poe://Me/shop/sell", nil); err == nil {
		t.Fatal("sold")
	}
	return k
}

func TestPrometheus(t *testing.T) {
	r := prometheus.NewRegistry()
	hooks, stats := Prometheus(r)
	k := used(t, hooks)
	stats(k)
	if err := k.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"ikc_request_seconds": 2, "ikc_call_seconds": 2, "ikc_connections": 1} {
		if n, err := testutil.GatherAndCount(r, name); err != nil || n != want {
			t.Errorf("%s: got %d, %v; expected %d", name, n, err, want)
		}
	}
}

func TestOpenTelemetry(t *testing.T) {
	reader, spans := sdk.NewManualReader(), tracetest.NewSpanRecorder()
	hooks, err := OpenTelemetry(sdk.NewMeterProvider(sdk.WithReader(reader)).Meter("ikc"),
		trace.NewTracerProvider(trace.WithSpanProcessor(spans)).Tracer("ikc"))
	if err != nil {
		t.Fatal(err)
	}
	if err := used(t, hooks).Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &got); err != nil {
		t.Fatal(err)
	}
	h, _ := got.ScopeMetrics[0].Metrics[0].Data.(metricdata.Histogram[float64])
	if len(h.DataPoints) != 2 {
		t.Errorf("got %+v", h)
	}
	names := map[string]bool{}
	for _, s := range spans.Ended() {
		names[s.Name()] = len(s.Events()) > 0
	}
	if failed, ok := names["shop/open"]; !ok || failed || !names["shop/sell"] {
		t.Errorf("got spans %v", names)
	}
}
