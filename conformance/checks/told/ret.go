package told

import (
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// RET are about what goes back of what states return.
func RET() []*judge.Check {
	return []*judge.Check{
		{
			ID: "RET-001", Level: judge.Must, Party: judge.TheKernel,
			Requirement: "An answer is what the state returned, of the kind that it returned.",
			Source:      "Responder request, " + sourceThunk, Needs: "a driver that was told what its states return, and answers of its kernel",
			Judge: onLog(func(t *judge.Trial, log *driverLog) {
				for _, m := range log.ownConns() {
					for _, x := range m.Exchanges {
						if x.Request.Frame.From == log.Side || len(x.Answers) == 0 || x.Ambiguous {
							continue
						}
						answer := x.Answers[0]
						want, ok := log.returns(x)
						if !ok {
							continue
						}
						list, ok := carried([]*perl.Value{want}, answer.Frame)
						if !ok {
							continue
						}
						t.HoldFunc(sameValue(list[0], answer.Params()), answer.Frame, func() (string, string) {
							return judge.ShowValue(list[0]), judge.ShowValue(answer.Params())
						})
					}
				}
			}),
		},
	}
}

// returns is what the state of a call was told to return, as an answer has it; ok is false if that
// is not known.
func (log *driverLog) returns(x *dialogue.Exchange) (v *perl.Value, ok bool) {
	a, ok := log.action(x.Request)
	if !ok {
		return nil, false
	}
	var list []*perl.Value
	switch args := x.Request.Args(); a.Do {
	case "return":
		if a.Value == nil {
			return nil, false
		}
		list = []*perl.Value{a.Value.V}
	case "list":
		list = typed.Unwrap(a.Values)
	case "count": // how often is for others to judge
		list = []*perl.Value{perl.NewInt(contract.CountOf(x))}
	case "args":
		list = []*perl.Value{perl.ArrayRef(args...)}
	default:
		return nil, false
	}
	if x.Request.WantArray {
		return perl.ArrayRef(list...), true
	}
	if len(list) == 0 {
		return nil, false
	}
	return list[len(list)-1], true
}

// action is what a state was told to do, before a request came to it.
func (log *driverLog) action(r *dialogue.Message) (a driver.Action, ok bool) {
	for _, l := range log.commands("session") {
		var f driver.Session
		if l.Command.Decode(&f) != nil || f.Session != r.To.Session || l.At.Time.After(r.Frame.At.Time) {
			continue
		}
		if own, has := f.States[r.To.State]; has {
			a, ok = own, true
		}
	}
	return a, ok
}
