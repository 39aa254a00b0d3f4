package ikc

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/perl-ikc/ikc-conform/internal/visible"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// SubscribeTimeout is how long Subscribe waits for answers. Source: Responder subscribe (the manual
// says 120 s).
const SubscribeTimeout = 60 * time.Second

// ErrSubscribeRefused: the kernel has not published the session, or the state.
var ErrSubscribeRefused = errors.New("ikc: subscription refused")

// receipt is a subscription that waits for answers.
type receipt struct {
	early   []earlyAnswer // of others, until this kernel has answered
	asked   string
	state   string // the rsvp
	spec    specifier.Specifier
	pending map[*Channel]struct{} // who has not answered; nil stands for this kernel
	all     bool                  // everybody has been asked
	ended   bool                  // with proxy or err; answers that are still to come change nothing
	proxy   *Proxy
	err     error
	done    chan struct{} // closed when it has ended
}

// Subscribe asks kernels whether they have published sessions or states, poe://KERNEL/SESSION or
// poe://KERNEL/SESSION/STATE, and makes a proxy of each session that was accepted. Of the kernel
// "*" the first that accepts gets it. It returns the proxies in the order asked; if some were not
// accepted, the error is a *SubscribeError that names them, and the others stand; if one is no such
// specifier, it is a *specifier.Error, and nobody is asked. It ends with ctx, and after
// SubscribeTimeout. Source: Responder subscribe, _subscribe_receipt.
func (k *Kernel) Subscribe(ctx context.Context, specifiers ...string) ([]*Proxy, error) {
	receipts := make([]*receipt, len(specifiers))
	for i, asked := range specifiers {
		spec, err := parseSubscription(asked)
		if err != nil {
			return nil, err
		}
		receipts[i] = &receipt{asked: asked, spec: spec, pending: map[*Channel]struct{}{}, done: make(chan struct{})}
	}
	ctx, cancel := context.WithTimeout(ctx, SubscribeTimeout)
	defer cancel()
	for _, r := range receipts {
		k.ask(ctx, r)
	}
	wait(ctx, func() {
		for _, r := range receipts {
			select {
			case <-r.done:
			case <-ctx.Done():
			case <-k.down:
			}
		}
	})
	var proxies []*Proxy
	var failed SubscribeError
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range receipts {
		if !r.ended {
			err := context.Cause(ctx)
			if err == nil {
				err = ErrClosed
			}
			k.subscriptionError("Refused subscription to " + r.asked)
			k.conclude(r, nil, fmt.Errorf("no answer: %w", err))
		}
		if r.proxy != nil {
			proxies = append(proxies, r.proxy)
		} else {
			failed.Refused = append(failed.Refused, Refusal{r.asked, r.err})
		}
	}
	if len(failed.Refused) > 0 {
		return proxies, &failed
	}
	return proxies, nil
}

// parseSubscription reads what is to be subscribed to.
func parseSubscription(asked string) (specifier.Specifier, error) {
	spec, err := specifier.Parse(asked)
	if err == nil && (spec.Kernel == "" || spec.Session == "") {
		err = &specifier.Error{Input: asked, Expected: "poe://KERNEL/SESSION or poe://KERNEL/SESSION/STATE"}
	}
	if err != nil {
		return specifier.Specifier{}, fmt.Errorf("ikc: subscribe: %w", err)
	}
	return spec, nil
}

// ask sends the question to every kernel that is meant.
func (k *Kernel) ask(ctx context.Context, r *receipt) {
	own := specifier.Specifier{Kernel: k.id, Session: wire.SessionIKC}
	r.state = wire.StateReceipt + strconv.FormatUint(k.lastID.Add(1), 10) + " " + r.asked
	rsvp := own
	rsvp.State = r.state
	what := perl.HashRef(perl.P("kernel", str(r.spec.Kernel)), perl.P("session", str(r.spec.Session)), perl.P("state", str(r.spec.State)))
	m := &wire.Message{
		Event:  wire.At(specifier.Specifier{Kernel: r.spec.Kernel, Session: wire.SessionIKC, State: wire.StateHave}),
		Params: perl.ArrayRef(what, str(k.id)), From: wire.At(own), RSVP: wire.At(rsvp),
	}
	k.mu.Lock()
	k.receipts[r.state] = r
	k.mu.Unlock()
	k.watch.hurry()
	each := func(c *Channel) {
		k.mu.Lock()
		if c == nil || !c.lost {
			r.pending[c] = struct{}{}
		}
		k.mu.Unlock()
	}
	undo := func(c *Channel) {
		k.mu.Lock()
		delete(r.pending, c)
		k.mu.Unlock()
	}
	d := dispatch{selfFirst: true, each: each, undo: undo, receipt: r}
	n, err := d.send(ctx, k, r.spec.Kernel, m, manner{})
	k.mu.Lock()
	defer k.mu.Unlock()
	r.all = true
	switch {
	case n == 0:
		k.subscriptionError("Unknown kernel " + r.spec.Kernel)
		k.subscriptionError("Refused subscription to " + r.asked)
		k.conclude(r, nil, err)
	case len(r.pending) == 0 && !r.ended:
		k.conclude(r, nil, ErrSubscribeRefused)
	}
	k.dropAnswered(r)
}

func (k *Kernel) subscriptionError(message string) {
	if k.inform("", EventError, event{operation: OpSubscribe, message: message}) == 0 {
		k.log.Warn("subscription failed", "error", message)
	}
}

// conclude ends a receipt with a proxy or an error. mu is locked.
func (k *Kernel) conclude(r *receipt, p *Proxy, err error) {
	if r.ended {
		return
	}
	r.ended, r.proxy, r.err = true, p, err
	close(r.done)
	k.dropAnswered(r)
}

// dropAnswered forgets a receipt that has ended once everybody has answered or is gone: whoever was
// asked may answer, however late, and gets no error report for it. mu is locked. Source: Responder
// send_msg, which permits as many posts to an rsvp.
func (k *Kernel) dropAnswered(r *receipt) {
	if r.ended && r.all && len(r.pending) == 0 {
		delete(k.receipts, r.state)
	}
}

// reply takes the answer of this kernel itself.
func (r *receipt) reply(k *Kernel) reply {
	return func(m *wire.Message) bool { return !m.IsError && k.received(nil, m) }
}

// received takes the answer to a subscription. It returns false if the message is something else.
func (k *Kernel) received(c *Channel, m *wire.Message) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := k.receipts[m.Event.State]
	if r == nil {
		return false
	}
	from, asked := c, false
	if _, asked = r.pending[c]; !asked {
		for p := range r.pending {
			if c != nil && k.mayAnswer(c, p) {
				from, asked = p, true
			}
		}
	}
	if !asked {
		return false
	}
	if _, own := r.pending[nil]; own && from != nil && !r.ended {
		// This kernel answers first, as in Perl, where that needs no connection.
		r.early = append(r.early, earlyAnswer{from, m.Params})
		return true
	}
	k.take(r, from, m.Params)
	for _, a := range r.early {
		k.take(r, a.from, a.params)
	}
	r.early = nil
	return true
}

// earlyAnswer is one that came before this kernel had answered itself.
type earlyAnswer struct {
	from   *Channel
	params *perl.Value
}

// take takes an answer to a subscription. mu is locked.
func (k *Kernel) take(r *receipt, from *Channel, params *perl.Value) {
	if _, waits := r.pending[from]; !waits {
		return // its connection was lost since
	}
	delete(r.pending, from)
	if r.ended {
		k.dropAnswered(r)
		return
	}
	if parts := params.Target().Elems(); params.Kind() == perl.Ref && len(parts) > 0 {
		// What was accepted is what was asked: a peer is not to choose the names of proxies here.
		if found := wire.ParseAddress("params", parts[0]); found.Present() && found.Err == nil && found.Session == r.spec.Session {
			remote := k.id
			if from != nil {
				remote = from.peer.ID
			}
			k.conclude(r, k.makeProxy(r.spec, remote), nil)
			return
		}
	}
	message, ok := params.AsString()
	if !ok || message == "" {
		message = "Refused subscription to " + r.asked
	}
	message = brief(message)
	k.refused(r, from, message, fmt.Errorf("%w: %s", ErrSubscribeRefused, visible.Text(message)))
}

// refused notes that one kernel will not accept a subscription. mu is locked.
func (k *Kernel) refused(r *receipt, by *Channel, message string, err error) {
	delete(r.pending, by)
	if r.ended {
		k.dropAnswered(r)
		return
	}
	k.subscriptionError(message)
	if r.all && len(r.pending) == 0 {
		k.conclude(r, nil, err)
	}
}
