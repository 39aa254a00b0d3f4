package model

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Driver is what a run does with a kernel; a *driver.Driver is one.
type Driver interface {
	Listen(ctx context.Context, l driver.Listen) (driver.Listening, error)
	Connect(ctx context.Context, c driver.Connect) (kernel string, err error)
	Session(ctx context.Context, s driver.Session) error
	Publish(ctx context.Context, session string, states ...string) error
	Retract(ctx context.Context, session string, states ...string) error
	Post(ctx context.Context, p driver.Post) (int, error)
	ProxyPost(ctx context.Context, p driver.ProxyPost) error
	Call(ctx context.Context, c driver.Call) (int, error)
	Subscribe(ctx context.Context, s driver.Subscribe) ([]string, error)
	Unsubscribe(ctx context.Context, specifiers ...string) error
	Monitor(ctx context.Context, kernel string, events ...string) error
	Disconnect(ctx context.Context) error
	Wait(ctx context.Context, match func(*driver.Event) bool) (driver.Event, error)
	TakeEvents() []driver.Event
	Close() error
}

// Difference is where kernels do something else than the model says. It is an error.
type Difference struct {
	// Step is the index of the step, and what it was.
	Step int
	Did  Step
	// Expected and Got are what was to be seen and what was.
	Expected, Got string
}

func (d *Difference) Error() string {
	return fmt.Sprintf("step %d, %v: expected %s, got %s", d.Step+1, d.Did, d.Expected, d.Got)
}

// stepTime is how long a step may take. A subscription that nobody answers takes a minute.
const stepTime = 90 * time.Second

// closeTime is how long connections may take to end after a run.
const closeTime = 10 * time.Second

// Kernels are those that runs share, one after the other: starting a Perl process takes longer than
// a run.
type Kernels struct {
	drivers []Driver
	address string // where the server listens
	runs    int
}

// Start starts as many kernels as there may be. start is told the number of the kernel.
func Start(ctx context.Context, n int, start func(ctx context.Context, kernel int) (Driver, error)) (*Kernels, error) {
	k := &Kernels{}
	for i := range n {
		d, err := start(ctx, i)
		if err != nil {
			return nil, errors.Join(err, k.Close())
		}
		k.drivers = append(k.drivers, d)
	}
	at, err := k.drivers[0].Listen(ctx, driver.Listen{Name: name(0)})
	if err == nil {
		k.address = at.Address
		err = k.drivers[0].Monitor(ctx, "*", driver.MonitorRegister, driver.MonitorUnregister)
	}
	if err != nil {
		return nil, errors.Join(err, k.Close())
	}
	return k, nil
}

// Close stops the kernels.
func (k *Kernels) Close() error {
	var errs []error
	for _, d := range k.drivers {
		errs = append(errs, d.Close())
	}
	return errors.Join(errs...)
}

func name(kernel int) string { return fmt.Sprintf("Model%d", kernel) }

// run is one run.
type run struct {
	*Kernels
	world   *world
	session string
	relay   string
	syncs   int
	began   []bool // kernels that have the session
}

// Run does a sequence and records the traffic at path. The error is a *Difference, or says that the
// kernels could not be driven: then they are of no more use.
func (k *Kernels) Run(ctx context.Context, s Sequence, path string) (err error) {
	if s.Kernels > len(k.drivers) {
		return fmt.Errorf("expected a sequence for at most %d kernels, got one for %d", len(k.drivers), s.Kernels)
	}
	w, err := capture.Create(path, capture.Meta{Comments: []string{"a model-based run", s.String()}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	r, err := relay.Start(relay.Options{TargetAddress: k.address, Writer: w, Interface: "model"})
	if err != nil {
		return err
	}
	k.runs++
	one := &run{Kernels: k, world: newWorld(s.Kernels), session: fmt.Sprintf("m%d", k.runs),
		relay: r.Addr().String(), began: make([]bool, s.Kernels)}
	err = one.steps(ctx, s)
	err = errors.Join(err, one.end(ctx))
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	stop := context.AfterFunc(ctx, cancel) // nobody says anything any more
	defer stop()
	return errors.Join(err, r.Close(limit))
}

func (r *run) steps(ctx context.Context, s Sequence) error {
	for i, step := range s.Steps {
		if !r.world.possible(step) {
			continue
		}
		if err := r.step(ctx, step); err != nil {
			var d *Difference
			if errors.As(err, &d) {
				d.Step, d.Did = i, step
				return d
			}
			return fmt.Errorf("step %d, %v: %w", i+1, step, err)
		}
	}
	return nil
}

// end disconnects whoever is connected.
func (r *run) end(ctx context.Context) error {
	for client, connected := range r.world.connected {
		if connected {
			ctx, cancel := context.WithTimeout(ctx, stepTime)
			err := r.disconnect(ctx, client)
			cancel()
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) spec(kernel int, state string) string {
	s := "poe://" + name(kernel) + "/" + r.session
	if state != "" {
		s += "/" + state
	}
	return s
}

// begin gives a kernel the session, once it is one.
func (r *run) begin(ctx context.Context, kernel int) error {
	if r.began[kernel] {
		return nil
	}
	r.began[kernel] = true
	states := map[string]driver.Action{answerState: driver.Echo(), syncState: driver.Echo(), syncedState: driver.Echo()}
	for _, s := range scripted {
		switch {
		case answers(s):
			states[s] = driver.Echo()
		case s == "undefined":
			states[s] = driver.Undef()
		default:
			states[s] = driver.Nothing()
		}
	}
	return r.drivers[kernel].Session(ctx, driver.Session{Session: r.session, States: states, Publish: &[]string{syncState}})
}

func (r *run) step(ctx context.Context, s Step) error {
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	if err := errors.Join(r.begin(ctx, 0), r.begin(ctx, s.client())); err != nil {
		return err
	}
	for _, d := range r.drivers {
		d.TakeEvents()
	}
	expected, wantAccepted := r.world.do(s)
	d := r.drivers[s.From]
	value := perl.NewBytes(fmt.Sprint(s.Value))
	var err error
	switch s.Op {
	case Connect:
		return r.connect(ctx, s.From)
	case Disconnect:
		return r.disconnect(ctx, s.From)
	case Publish:
		return d.Publish(ctx, r.session, s.State)
	case Retract:
		return d.Retract(ctx, r.session, s.State)
	case Post:
		_, err = d.Post(ctx, driver.Post{To: r.spec(s.To, s.State), Params: typed.Value{V: value}, Session: r.session})
	case Call:
		_, err = d.Call(ctx, driver.Call{To: r.spec(s.To, s.State), Params: typed.Value{V: value},
			RSVP: "poe:/" + r.session + "/" + answerState, Session: r.session})
	case ProxyPost:
		err = d.ProxyPost(ctx, driver.ProxyPost{To: r.spec(s.To, ""), State: s.State, Args: []typed.Value{{V: value}}, Session: r.session})
	case Subscribe:
		var accepted []string
		if accepted, err = d.Subscribe(ctx, driver.Subscribe{Specifiers: []string{r.spec(s.To, s.State)},
			Session: r.session}); err == nil && (len(accepted) > 0) != wantAccepted {
			return &Difference{Expected: verdict(wantAccepted), Got: verdict(len(accepted) > 0)}
		}
	case Unsubscribe:
		err = d.Unsubscribe(ctx, r.spec(s.To, s.State))
	}
	if err != nil {
		return err
	}
	events, err := r.synchronise(ctx, s)
	if err != nil {
		return err
	}
	if list := describe(events); list != describe(expected) {
		return &Difference{Expected: describe(expected), Got: list}
	}
	return nil
}

func verdict(accepted bool) string {
	if accepted {
		return "the subscription accepted"
	}
	return "the subscription refused"
}

func describe(events []seen) string {
	if len(events) == 0 {
		return "nothing"
	}
	var out []string
	for _, e := range events {
		out = append(out, e.String())
	}
	slices.Sort(out) // kernels do not share a clock
	return strings.Join(out, ", ")
}

func (r *run) connect(ctx context.Context, client int) error {
	d := r.drivers[client]
	if _, err := d.Connect(ctx, driver.Connect{Name: name(client), Address: r.relay, Timeout: stepTime.Seconds()}); err != nil {
		return err
	}
	if err := r.registered(ctx, client, driver.MonitorRegister); err != nil {
		return err
	}
	_, err := r.synchronise(ctx, Step{From: client})
	return err
}

func (r *run) disconnect(ctx context.Context, client int) error {
	r.drivers[0].TakeEvents()
	if err := r.drivers[client].Disconnect(ctx); err != nil {
		return err
	}
	return r.registered(ctx, client, driver.MonitorUnregister)
}

// registered waits until the server has noticed that a client came or went.
func (r *run) registered(ctx context.Context, client int, what string) error {
	_, err := r.drivers[0].Wait(ctx, func(e *driver.Event) bool {
		return e.Kind == driver.EventMonitor && e.What == what && e.About == name(client)
	})
	return err
}

// synchronise has the two kernels of a step call each other, and returns which states of the run
// ran until that was answered.
func (r *run) synchronise(ctx context.Context, s Step) (events []seen, err error) {
	pairs := [][2]int{{s.From, s.To}, {s.To, s.From}}
	// What a state posts or answers is behind the answer to the first call, so there is a second.
	pairs = append(pairs, pairs[0])
	for _, p := range pairs {
		r.syncs++
		token := fmt.Sprintf("sync %d", r.syncs)
		_, err := r.drivers[p[0]].Call(ctx, driver.Call{To: r.spec(p[1], syncState),
			Params: typed.Value{V: perl.NewBytes(token)}, RSVP: "poe:/" + r.session + "/" + syncedState, Session: r.session})
		if err != nil {
			return nil, err
		}
		_, err = r.drivers[p[0]].Wait(ctx, func(e *driver.Event) bool {
			return e.Kind == driver.EventState && e.Session == r.session && e.State == syncedState && arg(e) == token
		})
		if err != nil {
			return nil, fmt.Errorf("kernel %d: its call of %s was not answered: %w", p[0], r.spec(p[1], syncState), err)
		}
	}
	for _, k := range []int{s.From, s.To} {
		for _, e := range r.drivers[k].TakeEvents() {
			if seen, ok := r.seen(k, &e); ok {
				events = append(events, seen)
			}
		}
	}
	return events, nil
}

// seen reads an event that is about a state of the run, other than those that synchronise.
func (r *run) seen(kernel int, e *driver.Event) (seen, bool) {
	if e.Kind != driver.EventState || e.Session != r.session || e.State == syncState || e.State == syncedState {
		return seen{}, false
	}
	return seen{kernel, e.State, arg(e)}, true
}

func arg(e *driver.Event) string {
	if len(e.Args) == 0 {
		return ""
	}
	s, ok := e.Args[0].AsString()
	if !ok {
		return e.Args[0].Kind().String()
	}
	return s
}
