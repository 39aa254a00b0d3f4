package ikc

import (
	"context"
	"fmt"
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// addResponder makes the session IKC and publishes what every kernel publishes.
func (k *Kernel) addResponder() error {
	s, err := k.NewSession(wire.SessionIKC, map[string]State{
		wire.StatePing:        func(context.Context, *Request) (any, error) { return wire.Pong, nil },
		wire.StateHave:        k.doYouHave,
		wire.StateRemoteError: k.remoteError,
	})
	if err != nil {
		return err
	}
	s.Publish(wire.StatePing, wire.StateHave, wire.StateRemoteError)
	return nil
}

// doYouHave answers whether a session, or a state of it, is published: its first argument is
// [specifier, kernel id]; the answer is [specifier, our id], or a string that says no.
// Source: Responder do_you_have.
func (k *Kernel) doYouHave(_ context.Context, r *Request) (any, error) {
	a := wire.ParseAddress("params", r.Arg(0).Target().Elem(0))
	if !a.Present() || a.Err != nil {
		return nil, fmt.Errorf("do_you_have: expected [specifier, kernel id], got %s", perl.Format(r.Arg(0), shown))
	}
	k.mu.Lock()
	s := k.sessions[a.Session]
	have := s != nil && len(s.published) > 0 && (a.State == "" || s.published[a.State])
	k.mu.Unlock()
	if !have {
		return "Refused subscription " + a.String(), nil
	}
	if a.Kernel == "" {
		a.Kernel = k.id
	}
	found := perl.HashRef(perl.P("kernel", str(a.Kernel)), perl.P("session", str(a.Session)), perl.P("state", str(a.State)))
	return perl.ArrayRef(found, str(k.id)), nil
}

// remoteError takes the error report of another kernel that no blocking call waits for.
// Source: Responder remote_error.
func (k *Kernel) remoteError(_ context.Context, r *Request) (any, error) {
	e := wire.ParseRemoteError(r.Arg(0))
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.remoteTrouble(e) {
		k.log.Warn("remote error", "operation", PrefixRemote+e.Operation, "kernel", e.Kernel, "error", e.Message)
	}
	return nil, nil
}

// remoteTrouble tells monitors of an error report. mu is locked. Source: Responder _do_error.
func (k *Kernel) remoteTrouble(e *RemoteError) (told bool) {
	e = briefReport(e)
	operation := OpRemote
	if e.Operation != "" {
		operation = PrefixRemote + strings.TrimPrefix(e.Operation, PrefixRemote)
	}
	return k.inform(kernelPart(e.Kernel), EventError, event{operation: operation, message: e.Message}) > 0
}

// Ping asks a kernel whether it is there.
func (k *Kernel) Ping(ctx context.Context, kernel string) error {
	v, err := k.Call(ctx, specifier.Specifier{Kernel: kernel, Session: wire.SessionIKC, State: wire.StatePing}.String(), wire.Ping)
	if err != nil {
		return err
	}
	if s, _ := v.AsString(); s != wire.Pong {
		return fmt.Errorf("ikc: ping %s: expected %s, got %s", kernel, wire.Pong, perl.Format(v, shown))
	}
	return nil
}

// str makes a byte string, or a UTF-8 one if s needs it.
func str(s string) *perl.Value {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return perl.NewText(s)
		}
	}
	return perl.NewBytes(s)
}
