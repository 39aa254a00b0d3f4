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

// What several connections ask of a kernel at the same time. It takes a driver: how kernels that others use take it, nobody
// should find out.

const (
	crowdSize   = 3
	crowdRounds = 3
	// crowdTries is how often it is tried to have calls come while a state takes its time: on a machine that is busy they may be late.
	crowdTries = 8
)

// publishCrowd makes the sessions that a crowd asks.
func publishCrowd(ctx context.Context, d *driver.Driver) error {
	crowd := driver.Session{Session: contract.CrowdSession, States: map[string]driver.Action{"count": driver.Count(), "echo": driver.Echo()}}
	if err := d.Session(ctx, crowd); err != nil {
		return err
	}
	slow := driver.Session{Session: contract.SlowSession, States: map[string]driver.Action{contract.SlowState: driver.Echo().Slow(contract.SlowFor)}}
	return d.Session(ctx, slow)
}

// crowdScenarios ask a kernel whose driver, target, has done publishCrowd.
func crowdScenarios(target *driver.Driver) []scenario {
	return []scenario{{"several connections at once", safe, true, func(ctx context.Context, s *stage) error {
		crowd, err := s.crowd(ctx)
		defer crowd.close()
		if err != nil {
			return err
		}
		if err := crowd.each(func(i int, c *probe.Conn) error { return count(ctx, c, i > 0) }); err != nil {
			return err
		}
		for range crowdTries {
			if inTime, err := crowd.meanwhile(ctx, target); inTime || err != nil {
				return err
			}
		}
		return nil
	}}}
}

// count asks for counts, all at once or each when the one before is there.
func count(ctx context.Context, c *probe.Conn, patiently bool) error {
	for range crowdRounds {
		x := perl.NewBytes("x")
		if err := c.Send(c.Post("", contract.CrowdSession, "count", x), c.Call("", contract.CrowdSession, "count", x)); err != nil {
			return err
		}
		if patiently {
			if _, err := c.Barrier(ctx); err != nil {
				return err
			}
		}
	}
	_, err := c.Barrier(ctx)
	return err
}

// crowd is several connections.
type crowd []*probe.Conn

func (s *stage) crowd(ctx context.Context) (c crowd, err error) {
	for range crowdSize {
		conn, err := s.connect(ctx, s.config(), true)
		if err != nil {
			return c, err
		}
		c = append(c, conn)
	}
	return c, nil
}

func (c crowd) close() {
	for _, conn := range c {
		_ = conn.Close()
	}
}

// meanwhile has the first connection call the state that takes time, and when it has begun, the others another. inTime tells
// whether they may have been quick enough.
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
		if err := conn.Send(conn.Call("", contract.CrowdSession, "echo", perl.NewBytes(fmt.Sprintf("meanwhile %d", i+1)))); err != nil {
			return false, err
		}
	}
	inTime = time.Since(began) < contract.SlowFor/2
	return inTime, c.each(func(_ int, conn *probe.Conn) error { _, err := conn.Barrier(ctx); return err })
}

// each has every connection do something at the same time, and returns the first error.
func (c crowd) each(do func(i int, c *probe.Conn) error) (failed error) {
	var mu sync.Mutex
	var all sync.WaitGroup
	for i, conn := range c {
		all.Go(func() {
			if err := do(i, conn); err != nil {
				mu.Lock()
				defer mu.Unlock()
				if failed == nil {
					failed = err
				}
			}
		})
	}
	all.Wait()
	return failed
}
