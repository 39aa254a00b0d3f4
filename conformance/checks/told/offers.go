package told

import (
	"encoding/json"
	"slices"

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

// right tells whether what was offered is what was to be.
func (o *offer) right() bool {
	offered := o.on.Offered
	switch {
	case o.any:
		return containsAll(o.told, offered) && (!o.on.Setup || o.lite || containsAll(offered, o.told))
	case o.on.Setup:
		return slices.Equal(offered, o.told)
	}
	return len(offered) <= len(o.told) && slices.Equal(offered, o.told[:len(offered)])
}

// offers are those of the connections that the kernel, or its ClientLite, was told to make.
func (log *driverLog) offers() (out []*offer) {
	has := log.serializers()
	for _, l := range log.commands("connect", "lite-connect") {
		var f driver.Connect
		var lite driver.LiteConnect
		if l.Command.Failed() || l.Command.Decode(&f) != nil || l.Command.Decode(&lite) != nil {
			continue
		}
		o := offer{line: l, told: f.Serializers, lite: l.Command.Name == "lite-connect"}
		if o.lite && lite.Serializer != "" {
			o.told = []string{lite.Serializer}
		}
		if len(o.told) == 0 {
			o.told, o.any = has, true
		}
		for _, m := range log.Conns {
			if m.Complete && !m.Unreached && len(o.told) > 0 && len(m.Offered) > 0 && slices.Contains(m.Names[wire.Client], f.Name) &&
				!m.Opened.Before(l.At.Time) && !m.Opened.After(l.Command.Answer.At.Time) {
				own := o
				own.on = m
				out = append(out, &own)
			}
		}
	}
	return out
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
