package driver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// Options are for both [Start] and [New]. The zero value is good.
type Options struct {
	MaxLine   int // octets of a line; MaxLine if 0
	MaxEvents int // events that nobody has waited for; 100,000 if 0. One more ends the driver

	// MaxEventOctets bounds the lines of all these events together, in octets; MaxLine if 0.
	MaxEventOctets int

	// Tap, if not nil, sees every line as it is written and as it was read, without its LF, in order.
	// It is called from two goroutines, though never at the same time, and must not call the Driver.
	Tap func(Line)
}

// Line is a line of the protocol as a tap sees it. Text is the tap's to keep.
type Line struct {
	Time       time.Time
	FromDriver bool
	Text       []byte
}

// Driver is the harness's end of a conversation with a driver. Its methods may be called from
// several goroutines; each waits for its answer, until ctx ends. A method whose ctx has ended
// leaves the Driver usable: a late answer is dropped.
type Driver struct {
	name  string
	opts  Options
	write chan []byte
	stop  chan struct{} // closed by Close
	done  chan struct{} // closed when the driver has ended and everything is cleaned up
	once  sync.Once
	end   func(graceful bool) // ends what is on the other side; may be called several times

	endInput func() // closes the standard input of what is on the other side; nil if that would end the conversation

	network Network // nil if the driver shares our loopback interface

	mu      sync.Mutex
	lastID  int64
	pending map[int64]chan answer
	events  []pendingEvent
	octets  int           // of all events
	changed chan struct{} // closed and replaced when events or err change
	err     error         // why there will be no more answers
	tapMu   sync.Mutex
}

// pendingEvent is an event that nobody has waited for, and how many octets its line had.
type pendingEvent struct {
	Event
	octets int
}

type answer struct {
	OK    json.RawMessage `json:"ok"`
	Error *Error          `json:"error"`
}

// New returns the harness's end of a conversation over rw. Close closes rw.
func New(rw io.ReadWriteCloser, opts Options) *Driver {
	d := newDriver("", opts)
	var once sync.Once
	d.end = func(bool) { once.Do(func() { rw.Close() }) }
	d.run(rw, rw, func() error { d.end(true); return &ExitError{} })
	return d
}

func newDriver(name string, opts Options) *Driver {
	if opts.MaxLine <= 0 {
		opts.MaxLine = MaxLine
	}
	if opts.MaxEvents <= 0 {
		opts.MaxEvents = 100_000
	}
	if opts.MaxEventOctets <= 0 {
		opts.MaxEventOctets = opts.MaxLine
	}
	return &Driver{
		name: name, opts: opts,
		write: make(chan []byte), stop: make(chan struct{}), done: make(chan struct{}),
		pending: map[int64]chan answer{}, changed: make(chan struct{}),
	}
}

// run starts the goroutines. reap is called when there is nothing more to read; it waits for the
// other side and says how it ended.
func (d *Driver) run(r io.Reader, w io.Writer, reap func() error) {
	writing := make(chan struct{})
	reading := make(chan struct{})
	go func() {
		defer close(writing)
		for {
			select {
			case line := <-d.write:
				d.tap(false, line[:len(line)-1])
				if _, err := w.Write(line); err != nil {
					// Whoever waits for the answer hears of it from the reading side.
					select {
					case <-d.stop:
					case <-reading:
					}
					return
				}
			case <-reading:
				return
			}
		}
	}()
	go func() {
		defer close(d.done)
		err := d.read(r)
		close(reading)
		if err != nil {
			d.end(false)
		}
		gone := reap()
		<-writing
		var exit *ExitError
		if errors.As(gone, &exit) && err != nil {
			exit.Cause = err
		}
		d.fail(gone)
	}()
}

// read reads until the end, and returns nil then, or what was wrong.
func (d *Driver) read(r io.Reader) error {
	lines := newLineReader(r, d.opts.MaxLine)
	for {
		line, err := lines.next()
		if err != nil {
			var broken *LineError
			if errors.As(err, &broken) {
				return broken
			}
			return nil // the end, in one way or the other
		}
		d.tap(true, line)
		if err := d.line(line); err != nil {
			return err
		}
	}
}

func (d *Driver) tap(fromDriver bool, line []byte) {
	if d.opts.Tap == nil {
		return
	}
	d.tapMu.Lock()
	defer d.tapMu.Unlock()
	d.opts.Tap(Line{Time: time.Now(), FromDriver: fromDriver, Text: bytes.Clone(line)})
}

// line takes one line from the driver.
func (d *Driver) line(line []byte) error {
	var head struct {
		ID    *int64  `json:"id"`
		Event *string `json:"event"`
		answer
	}
	if err := json.Unmarshal(line, &head); err != nil {
		reason := "not a JSON object: " + err.Error()
		if t := new(json.UnmarshalTypeError); errors.As(err, &t) && t.Field != "" {
			reason = fmt.Sprintf("%s may not be a %s", t.Field, t.Value)
		}
		return lineError(reason, line)
	}
	switch {
	case head.Event != nil:
		e := pendingEvent{octets: len(line)}
		if err := e.UnmarshalJSON(line); err != nil {
			return lineError("a bad event: "+err.Error(), line)
		}
		e.Time = time.Now()
		d.mu.Lock()
		defer d.mu.Unlock()
		if len(d.events) >= d.opts.MaxEvents {
			return fmt.Errorf("protocol: more than %d events that nobody waited for", d.opts.MaxEvents)
		}
		if d.octets += e.octets; d.octets > d.opts.MaxEventOctets {
			return fmt.Errorf("protocol: more than %d octets of events that nobody waited for", d.opts.MaxEventOctets)
		}
		d.events = append(d.events, e)
		d.wake()
		return nil
	case head.ID == nil:
		return lineError("neither id nor event", line)
	case (head.OK == nil) == (head.Error == nil):
		return lineError("an answer has either ok or error", line)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	to, ok := d.pending[*head.ID]
	if !ok {
		if *head.ID > 0 && *head.ID <= d.lastID {
			return nil // too late, or the second answer; a check may want to know of that, the tap sees it
		}
		return lineError("an answer to no command", line)
	}
	delete(d.pending, *head.ID)
	to <- head.answer // has room
	return nil
}

// wake wakes those who wait for a change. d.mu is held.
func (d *Driver) wake() {
	close(d.changed)
	d.changed = make(chan struct{})
}

// fail tells everybody that there will be no more answers.
func (d *Driver) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == nil {
		d.err = err
	}
	for id, to := range d.pending {
		close(to)
		delete(d.pending, id)
	}
	d.wake()
}

// Do carries out a command: fields, nil or what encodes as a JSON object, are its fields, and the
// answer's fields are decoded into result unless that is nil. Errors are [*Error] when the driver
// says no, [*ExitError] when it ended, [ErrClosed], and those of ctx.
func (d *Driver) Do(ctx context.Context, cmd string, fields, result any) error {
	id, to, err := d.expect()
	if err != nil {
		return unanswered(cmd, err)
	}
	defer d.forget(id)
	line, err := commandLine(id, cmd, fields)
	if err != nil {
		return fmt.Errorf("driver: %s: %w", cmd, err)
	}
	if len(line) > d.opts.MaxLine+1 {
		return fmt.Errorf("driver: %s: the command has %d octets, more than %d", cmd, len(line)-1, d.opts.MaxLine)
	}
	select {
	case d.write <- line:
	case <-ctx.Done():
		return fmt.Errorf("driver: %s: not sent: %w", cmd, context.Cause(ctx))
	case <-d.stop:
		return ErrClosed
	case <-d.done:
		return unanswered(cmd, d.Err())
	}
	select {
	case a, ok := <-to:
		if !ok {
			return unanswered(cmd, d.Err())
		}
		if a.Error != nil {
			a.Error.Command = cmd
			return a.Error
		}
		if result == nil {
			return nil
		}
		if err := json.Unmarshal(a.OK, result); err != nil {
			return fmt.Errorf("driver: %s: answer: %w", cmd, err)
		}
		return nil
	case <-ctx.Done():
		return unanswered(cmd, context.Cause(ctx))
	case <-d.stop:
		return ErrClosed
	}
}

// unanswered says that a command got no answer, whether the driver ended before it was sent or
// after.
func unanswered(cmd string, why error) error {
	if errors.Is(why, ErrClosed) {
		return why
	}
	return fmt.Errorf("driver: no answer to %s: %w", cmd, why)
}

// DoLine sends a line as it is, which a driver cannot take for a command with an id, and returns
// the error that the driver answered with id 0. Other errors are those of Do. One at a time.
func (d *Driver) DoLine(ctx context.Context, line string) (*Error, error) {
	to := make(chan answer, 1)
	d.mu.Lock()
	if d.err != nil {
		defer d.mu.Unlock()
		return nil, d.err
	}
	d.pending[0] = to
	d.mu.Unlock()
	defer d.forget(0)
	select {
	case d.write <- []byte(line + "\n"):
	case <-ctx.Done():
		return nil, fmt.Errorf("driver: not sent: %w", context.Cause(ctx))
	case <-d.stop:
		return nil, ErrClosed
	case <-d.done:
		return nil, d.Err()
	}
	select {
	case a, ok := <-to:
		if !ok {
			return nil, fmt.Errorf("driver: no answer: %w", d.Err())
		}
		return a.Error, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("driver: no answer: %w", context.Cause(ctx))
	case <-d.stop:
		return nil, ErrClosed
	}
}

// EndInput closes the driver's standard input, at which it should end by itself: Done and Err tell.
// False if there is no such thing to close.
func (d *Driver) EndInput() bool {
	if d.endInput == nil {
		return false
	}
	d.endInput()
	return true
}

func (d *Driver) expect() (int64, chan answer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return 0, nil, d.err
	}
	d.lastID++
	to := make(chan answer, 1)
	d.pending[d.lastID] = to
	return d.lastID, to, nil
}

func (d *Driver) forget(id int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.pending, id)
}

func commandLine(id int64, cmd string, fields any) ([]byte, error) {
	name, err := json.Marshal(cmd)
	if err != nil {
		return nil, err
	}
	line := fmt.Appendf(nil, `{"id":%d,"cmd":%s`, id, name)
	more := []byte("{}")
	if fields != nil {
		if more, err = json.Marshal(fields); err != nil {
			return nil, err
		}
		if string(more) == "null" { // a nil map
			more = []byte("{}")
		}
	}
	if more[0] != '{' {
		return nil, errors.New("the fields are not a JSON object")
	}
	if len(more) > 2 {
		line = append(line, ',')
	}
	line = append(line, more[1:]...)
	return append(line, '\n'), nil
}

// Wait returns the first event that match takes, one of those that have come or one to come. Each
// event is returned once; those that match does not take stay, in order. A nil match takes any.
func (d *Driver) Wait(ctx context.Context, match func(*Event) bool) (Event, error) {
	seen := 0
	for {
		d.mu.Lock()
		if seen > len(d.events) {
			seen = 0 // somebody else took some
		}
		for i := seen; i < len(d.events); i++ {
			if match == nil || match(&d.events[i].Event) {
				e := d.events[i]
				d.octets -= e.octets
				d.events = append(d.events[:i:i], d.events[i+1:]...)
				d.mu.Unlock()
				return e.Event, nil
			}
		}
		changed, err := d.changed, d.err
		d.mu.Unlock()
		if err != nil {
			return Event{}, fmt.Errorf("driver: no such event: %w", err)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Event{}, fmt.Errorf("driver: no such event: %w", context.Cause(ctx))
		case <-d.stop:
			return Event{}, ErrClosed
		}
	}
}

// WaitState waits for a run of a state.
func (d *Driver) WaitState(ctx context.Context, session, state string) (Event, error) {
	return d.Wait(ctx, func(e *Event) bool { return e.Kind == EventState && e.Session == session && e.State == state })
}

// TakeEvents returns the events that have come and were not waited for, and forgets them.
func (d *Driver) TakeEvents() []Event {
	d.mu.Lock()
	defer d.mu.Unlock()
	events := make([]Event, len(d.events))
	for i := range d.events {
		events[i] = d.events[i].Event
	}
	d.events, d.octets = nil, 0
	return events
}

// Done is closed when the driver has ended.
func (d *Driver) Done() <-chan struct{} { return d.done }

// Err tells why the driver ended, or nil if it has not.
func (d *Driver) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// Close ends the driver: its standard input is closed, and if it has not ended half a second later,
// it and all its children are killed. What it leaves behind is removed. Close waits for all that;
// it may be called again.
func (d *Driver) Close() error {
	d.once.Do(func() {
		d.mu.Lock()
		if d.err == nil {
			d.err = ErrClosed
		}
		d.mu.Unlock()
		close(d.stop)
	})
	d.end(true)
	<-d.done
	return nil
}
