package judge

import (
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
)

// Predicate is how a check looks at a connection: what it wants to be shown of it. Long connections
// are shown piece by piece, so a predicate that must remember something from one piece to the next
// is made by inOrder.
type Predicate []rule

// rule is one way of looking.
type rule struct {
	at ruleAt
	// Exactly one of these is set, as at says.
	connection func(*Trial)
	frame      func(*Trial, *dialogue.Frame)
	message    func(*Trial, *dialogue.Message)
	exchange   func(*Trial, *dialogue.Exchange)
	// begin makes an exchange function for each connection, with a memory of its own.
	begin func() func(*Trial, *dialogue.Exchange)
	// beginTurns makes a message function likewise.
	beginTurns func() func(*Trial, *dialogue.Message)
	// applies, if it is not nil, tells at the first message whether a connection is to be looked
	// at.
	applies func(*Trial) bool
	log     func(*Trial, *DriverLog)
	meeting func(*Trial, dialogue.Meeting)
	// session, if it is not empty, is the only one to which the request of an exchange may be.
	session string
	// plain leaves out exchanges that are not, see isPlain.
	plain bool
}

// ruleAt says what a rule is shown.
type ruleAt uint8

const (
	atEnd       ruleAt = iota // the connection, when it has ended
	atStart                   // the connection, when its first piece is there
	atFrame                   // each frame of the side judged
	atMessage                 // each message of the side judged
	atError                   // each error report of the side judged
	atOthers                  // each error report of the other side
	atRequest                 // each exchange that the other side began, once it came to something or to nothing
	atAnswer                  // of them, those with an answer
	atOwn                     // each exchange that the side judged began, likewise
	atOrder                   // each exchange that the other side began, in order, by begin
	atTurn                    // each message of both sides, in order, by beginTurns
	atAftermath               // the connection, after those that ended before it
	atMeeting                 // connections that were open at the same time, at the end
	atReturn                  // connections of a ClientLite that had given up a call, at the end
	atDriverLog               // what the driver of the side judged told, at the end
	ruleKinds   = iota
)

// OnConnection judges a connection when it has ended. Of a long one, Items and Exchanges are only
// the last.
func OnConnection(look func(*Trial)) Predicate { return Predicate{{at: atEnd, connection: look}} }

// OnStart judges the negotiation and the first frames.
func OnStart(look func(*Trial)) Predicate { return Predicate{{at: atStart, connection: look}} }

// OnFrames judges every frame of a side.
func OnFrames(look func(t *Trial, f *dialogue.Frame)) Predicate {
	return Predicate{{at: atFrame, frame: look}}
}

// OnValues judges every frame of a side whose image could be thawed.
func OnValues(look func(t *Trial, f *dialogue.Frame)) Predicate {
	return OnFrames(func(t *Trial, f *dialogue.Frame) {
		if f.Thawed() {
			look(t, f)
		}
	})
}

// OnMessages judges every message of a side.
func OnMessages(look func(t *Trial, m *dialogue.Message)) Predicate {
	return Predicate{{at: atMessage, message: look}}
}

// OnErrors judges each error report of the side judged. x is nil if it quotes no request that the
// capture shows.
func OnErrors(look func(t *Trial, m *dialogue.Message, x *dialogue.Exchange)) Predicate {
	return Predicate{{at: atError, message: func(t *Trial, m *dialogue.Message) { look(t, m, m.Exchange) }}}
}

// OnErrorsGot judges each error report that the side judged was sent.
func OnErrorsGot(look func(t *Trial, m *dialogue.Message)) Predicate {
	return Predicate{{at: atOthers, message: look}}
}

// OnRequests judges the exchanges that the side judged has to answer. Requests that a client sent
// before it knew the dialect, and those with a short specifier, are left to the checks about that.
func OnRequests(look func(t *Trial, x *dialogue.Exchange)) Predicate {
	return Predicate{{at: atRequest, exchange: look, plain: true}}
}

// isPlain tells whether a request was sent when the dialect was known, and has a whole specifier.
func isPlain(x *dialogue.Exchange) bool { return !x.Request.Frame.Early && !ShortSpecifier(x) }

// OnAnyRequests judges them with those.
func OnAnyRequests(look func(t *Trial, x *dialogue.Exchange)) Predicate {
	return Predicate{{at: atRequest, exchange: look}}
}

// OnOwnRequests judges the exchanges that the side judged began.
func OnOwnRequests(look func(t *Trial, x *dialogue.Exchange)) Predicate {
	return Predicate{{at: atOwn, exchange: look}}
}

// OnAnswers judges each answer of the side judged.
func OnAnswers(look func(t *Trial, x *dialogue.Exchange, a *dialogue.Message)) Predicate {
	p := OnRequests(func(t *Trial, x *dialogue.Exchange) {
		for _, a := range x.Answers {
			look(t, x, a)
		}
	})
	p[0].at = atAnswer
	return p
}

// InOrder judges the exchanges that the side judged has to answer in the order of the requests, by
// a function that begin makes for each connection, with a memory of its own. An answer that comes
// very late is not seen.
func InOrder(begin func() func(t *Trial, x *dialogue.Exchange)) Predicate {
	return Predicate{{at: atOrder, begin: begin}}
}

// InTurn judges the messages of both sides in their order, in which nothing comes before what it
// answers, by a function that begin makes for each connection, with a memory of its own.
// Connections to which it does not apply, by what is known at their first message, are left out.
func InTurn(applies func(t *Trial) bool, begin func() func(t *Trial, m *dialogue.Message)) Predicate {
	return Predicate{{at: atTurn, applies: applies, beginTurns: begin}}
}

// OfSession shows a predicate only the requests to a session.
func (p Predicate) OfSession(session string) Predicate {
	for i := range p {
		p[i].session = session
	}
	return p
}

// Both judges in two ways.
func Both(a, b Predicate) Predicate { return append(a[:len(a):len(a)], b...) }
