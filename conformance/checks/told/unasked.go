package told

import (
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// toAskers are the requests of the kernel to the sessions by which the harness has others ask, but
// for those that its driver was told to send: each with whether a state posted it.
func (log *driverLog) toAskers() (posted []bool, sent []exchanged) {
	due := map[[2]string]int{}
	for _, m := range log.Conns {
		for _, x := range m.Exchanges {
			if r := x.Request; r.Frame.From != log.Side && r.To.Session == contract.SessionAlias {
				if session, state := postedBack(r); state != "" {
					due[[2]string{session, state}]++
				}
			}
		}
	}
	_, extra := log.sendings()
	for _, x := range extra {
		to := x.Request.To
		if x.Request.Frame.From != log.Side || to.Session != contract.ClientSession && to.Session != wire.SessionIKCLite {
			continue
		}
		at := [2]string{to.Session, to.State}
		due[at]--
		posted, sent = append(posted, due[at] >= 0 && !x.Request.IsCall()), append(sent, x)
	}
	return posted, sent
}

// postedBack is where the state of a request posts something, empty if it does not.
func postedBack(r *dialogue.Message) (session, state string) {
	switch r.To.State {
	case contract.SenderState:
		if r.From.Present() {
			return r.From.Session, contract.ReplyState
		}
	case contract.RespondState:
		if args := r.Args(); len(args) > 0 {
			if list, ok := walk.Elems(args[0]); ok && len(list) == 2 {
				to := wire.ParseAddress("rsvp", list[1])
				return to.Session, to.State
			}
		}
	}
	return "", ""
}
