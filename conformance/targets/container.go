package targets

import (
	"context"
	"fmt"
	"sync"

	"github.com/perl-ikc/ikc-conform/conformance/container"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
)

// contained is a target whose drivers run in containers. Engine and image are looked for once, when
// first needed.
type contained struct {
	// image makes sure that the image is there and returns its name.
	image func(context.Context, *container.Engine) (string, error)
	// instead is why it has to be a container, nil if that was asked for.
	instead error

	mu     sync.Mutex
	engine *container.Engine
	name   string
}

// imageContainer is a container of somebody's own image.
func imageContainer(name string) *contained {
	return &contained{image: func(ctx context.Context, e *container.Engine) (string, error) { return name, e.Pull(ctx, name) }}
}

// prepare does what may take minutes.
func (c *contained) prepare(ctx context.Context) error {
	err := c.ready(ctx)
	if err != nil && c.instead != nil {
		return fmt.Errorf("%w; and %w", err, c.instead)
	}
	return err
}

func (c *contained) ready(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.engine == nil {
		engine, err := container.Connect(ctx)
		if err != nil {
			return err
		}
		c.engine = engine
	}
	if c.name == "" {
		name, err := c.image(ctx, c.engine)
		if err != nil {
			return err
		}
		c.name = name
	}
	return nil
}

// start starts a driver in a container of its own.
func (c *contained) start(ctx context.Context, opts driver.Options) (*driver.Driver, error) {
	if err := c.prepare(ctx); err != nil {
		return nil, err
	}
	p, err := c.engine.Start(ctx, container.Request{Image: c.name, Options: opts})
	if err != nil {
		return nil, err
	}
	return p.Driver, nil
}

// close gives up the connections to the engine; the next start makes new ones.
func (c *contained) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.engine == nil {
		return nil
	}
	engine := c.engine
	c.engine = nil
	return engine.Close()
}

// use makes c what a target's drivers are started in.
func (c *contained) use(t *Target) { t.start, t.prepare, t.close = c.start, c.prepare, c.close }

// execTarget reads what stands behind container:, the name or id of a running container and, after
// a space, the command of its driver.
func execTarget(t *Target, rest string) error {
	words, err := driver.Words(rest)
	if err != nil {
		return err
	}
	c := &contained{image: func(context.Context, *container.Engine) (string, error) { return words[0], nil }}
	c.use(t)
	t.start = func(ctx context.Context, opts driver.Options) (*driver.Driver, error) {
		if err := c.prepare(ctx); err != nil {
			return nil, err
		}
		return c.engine.Exec(ctx, words[0], words[1:], opts)
	}
	return nil
}
