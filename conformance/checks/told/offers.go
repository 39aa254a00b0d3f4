package told

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// offer are the serializers of a negotiation, and those that a client was told to offer in it.
type offer struct {
	line *dialogue.ControlLine // of the command to connect
	on   *judge.ConnRecord
	told []string
	// any: it was told none, and told are all that it has, in no order. A ClientLite (lite) offers one
	// of them.
	any, lite bool
}

// right tells whether what was offered is what was to be: all of it by SETUP, and by FREEZER as
// much as it took.
func (o *offer) right() bool {
	setup, freezers := o.on.Setup, o.on.Freezers
	if o.any {
		return containsAll(o.told, setup) && containsAll(o.told, freezers) && (o.lite || setup == nil || containsAll(setup, o.told))
	}
	return (setup == nil || slices.Equal(setup, o.told)) && len(freezers) <= len(o.told) && slices.Equal(freezers, o.told[:len(freezers)])
}

// offers are those of the connections that the kernel, or its ClientLite, was told to make.
func (log *driverLog) offers() (out []*offer) {
	has := log.serializers()
	for _, l := range log.commands("connect", "lite-connect") {
		var f driver.Connect
		var lite driver.LiteConnect
		if l.Command.Decode(&f) != nil || l.Command.Decode(&lite) != nil {
			continue
		}
		o := offer{line: l, told: f.Serializers, lite: l.Command.Name == "lite-connect"}
		if o.lite && lite.Serializer != "" {
			o.told = []string{lite.Serializer}
		}
		if len(o.told) == 0 {
			o.told, o.any = has, true
		}
		for _, m := range log.connsMade(l) {
			if len(o.told) > 0 && len(m.Setup)+len(m.Freezers) > 0 && slices.Contains(m.Names[wire.Client], f.Name) {
				own := o
				own.on = m
				out = append(out, &own)
			}
		}
	}
	return out
}

// speaksWithin is how long a client has to speak once it is connected, on a machine that is busy.
const speaksWithin = 500 * time.Millisecond

// connsMade are the connections that came about while a command to connect was carried out.
func (log *driverLog) connsMade(l *dialogue.ControlLine) []*judge.ConnRecord {
	return slices.DeleteFunc(slices.Clone(log.Conns), func(m *judge.ConnRecord) bool {
		return m.Unreached || m.Opened.Before(l.At.Time) || m.Opened.After(l.Command.Answer.At.Time)
	})
}

// lasted is how long a connection had lasted when it was over, or the command that made it.
func (log *driverLog) lasted(m *judge.ConnRecord, l *dialogue.ControlLine) time.Duration {
	end := l.Command.Answer.At.Time
	if over := m.Over(); !over.IsZero() && over.Before(end) {
		end = over
	}
	return end.Sub(m.Opened)
}

// serializers are those that the implementation can negotiate, the best first; nil if its driver
// does not say.
func (log *driverLog) serializers() []string {
	for _, l := range log.commands("hello") {
		var f driver.Hello
		if !l.Command.Failed() && json.Unmarshal(l.Command.Answer.Answer.OK, &f) == nil {
			return f.Serializers
		}
	}
	return nil
}
