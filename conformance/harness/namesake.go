package harness

import (
	"context"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// namesakeScenarios have several kernels of one name connect to a kernel whose driver is target. It
// posts to them by that name and by their ids.
func namesakeScenarios(target *driver.Driver) []scenario {
	const namesake = contract.Namesake
	return []scenario{{
		name: "kernels that share a name", risk: safe, session: true,
		run: func(ctx context.Context, p *prober) error {
			hello, err := target.Hello(ctx)
			if err != nil {
				return err
			}
			if len(hello.Monitors) > 0 {
				if err := target.Monitor(ctx, namesake, hello.Monitors...); err != nil {
					return err
				}
			}
			n := &namesakes{target: target, prober: p}
			defer n.close()
			for range 2 {
				if err := n.join(ctx); err != nil {
					return err
				}
			}
			for _, to := range []string{namesake, n.ids[0], n.ids[1]} {
				if err := n.post(ctx, to, "both are there, to "+to); err != nil {
					return err
				}
			}
			if err := n.barrier(ctx); err != nil {
				return err
			}
			_ = n.conns[0].Close()
			n.conns = n.conns[1:]
			awaitMonitor(ctx, target, driver.MonitorUnregister, namesake)
			if err := n.post(ctx, namesake, contract.FirstGone); err != nil {
				return err
			}
			if err := n.join(ctx); err != nil {
				return err
			}
			if err := n.post(ctx, namesake, contract.AnotherCame); err != nil {
				return err
			}
			if err := n.barrier(ctx); err != nil {
				return err
			}
			return letDriversReport(ctx, target)
		},
	}}
}

// namesakes are the probes that share the name.
type namesakes struct {
	target *driver.Driver
	prober *prober
	conns  []*probe.Conn // of those that are connected, in the order in which they came
	ids    []string      // of all that ever came
}

// join has one more connect, and waits until the target knows it.
func (n *namesakes) join(ctx context.Context) error {
	cfg := n.prober.config()
	cfg.Name = contract.Namesake
	c, err := n.prober.connect(ctx, cfg, true)
	if err != nil {
		return err
	}
	n.conns, n.ids = append(n.conns, c), append(n.ids, cfg.ID)
	return c.Barrier(ctx)
}

// post has the target post to a kernel. If it does not know the kernel, the judge will find that.
func (n *namesakes) post(ctx context.Context, kernel, what string) error {
	to := "poe://" + kernel + "/" + contract.NamesakeSession + "/note"
	_, err := n.target.Post(ctx, driver.Post{To: to, Params: typed.Value{V: perl.NewBytes(what)}})
	if failed(err) {
		return nil
	}
	return err
}

// barrier waits until what was posted has come to all that are connected.
func (n *namesakes) barrier(ctx context.Context) error {
	for _, c := range n.conns {
		if err := c.Barrier(ctx); err != nil {
			return err
		}
	}
	return nil
}

// close closes all connections.
func (n *namesakes) close() {
	for _, c := range n.conns {
		_ = c.Close()
	}
}
