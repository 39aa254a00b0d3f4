package harness

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// What several connections ask of a kernel at the same time. It takes a driver: nobody should find
// out how a kernel that is in use takes it.

const (
	crowdSize   = 3
	crowdRounds = 3
	// crowdTries is how often it is tried to have calls come while a state takes its time. On a
	// busy machine they may be late.
	crowdTries = 8
)

// publishCrowd makes the sessions that a crowd asks.
func publishCrowd(ctx context.Context, d *driver.Driver) error {
	asked := map[string]driver.Action{"count": driver.Count(), "echo": driver.Echo()}
	if err := d.Session(ctx, driver.Session{Session: contract.CrowdSession, States: asked}); err != nil {
		return err
	}
	slow := map[string]driver.Action{contract.SlowState: driver.Echo().Slow(contract.SlowFor)}
	return d.Session(ctx, driver.Session{Session: contract.SlowSession, States: slow})
}

// crowdScenarios ask a kernel whose driver, target, has done publishCrowd.
func crowdScenarios(target *driver.Driver) []scenario {
	return []scenario{{
		name: "several connections at once", risk: safe, session: true,
		run: func(ctx context.Context, p *prober) error {
			all, err := p.crowd(ctx)
			defer all.close()
			if err != nil {
				return err
			}
			if err := all.each(func(i int, c *probe.Conn) error { return count(ctx, c, i > 0) }); err != nil {
				return err
			}
			for range crowdTries {
				if inTime, err := all.meanwhile(ctx, target); inTime || err != nil {
					return err
				}
			}
			return nil
		},
	}}
}

// count asks for counts, all at once or, patiently, each when the one before is there.
func count(ctx context.Context, c *probe.Conn, patiently bool) error {
	for range crowdRounds {
		x := perl.NewBytes("x")
		if err := c.Send(c.Post("", contract.CrowdSession, "count", x), c.Call("", contract.CrowdSession, "count", x)); err != nil {
			return err
		}
		if patiently {
			if err := c.Barrier(ctx); err != nil {
				return err
			}
		}
	}
	return c.Barrier(ctx)
}

// crowd is several connections.
type crowd []*probe.Conn

// crowd connects several probes.
func (p *prober) crowd(ctx context.Context) (c crowd, err error) {
	for range crowdSize {
		conn, err := p.connect(ctx, p.config(), true)
		if err != nil {
			return c, err
		}
		c = append(c, conn)
	}
	return c, nil
}

// close closes all connections.
func (c crowd) close() {
	for _, conn := range c {
		_ = conn.Close()
	}
}

// meanwhile has the first connection call the state that takes time, and when that has begun, has
// the others call another. inTime tells whether they may have been quick enough.
func (c crowd) meanwhile(ctx context.Context, target *driver.Driver) (inTime bool, err error) {
	began := time.Now()
	if err := c[0].Send(c[0].Call("", contract.SlowSession, contract.SlowState, perl.NewBytes("slow"))); err != nil {
		return false, err
	}
	limit, cancel := context.WithTimeout(ctx, wait(ctx))
	defer cancel()
	if _, err := target.WaitState(limit, contract.SlowSession, contract.SlowState); err != nil {
		return false, fmt.Errorf("the run of %s: %w", contract.SlowState, err)
	}
	for i, conn := range c[1:] {
		if err := conn.Send(conn.Call("", contract.CrowdSession, "echo", perl.NewBytes(fmt.Sprintf("%s%d", contract.MeanwhileMark, i+1)))); err != nil {
			return false, err
		}
	}
	inTime = time.Since(began) < contract.SlowFor/2
	return inTime, c.each(func(_ int, conn *probe.Conn) error { return conn.Barrier(ctx) })
}

// each has every connection do something at the same time, and returns the first error.
func (c crowd) each(do func(i int, c *probe.Conn) error) (first error) {
	var mu sync.Mutex
	var all sync.WaitGroup
	for i, conn := range c {
		all.Go(func() {
			if err := do(i, conn); err != nil {
				mu.Lock()
				defer mu.Unlock()
				if first == nil {
					first = err
				}
			}
		})
	}
	all.Wait()
	return first
}
