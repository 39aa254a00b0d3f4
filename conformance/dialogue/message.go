package dialogue

import (
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Message is a message and its place in the conversation.
type Message struct {
	// The field Params of this one may be missing: see the method.
	*wire.Message
	Frame *Frame
	Kind  Kind

	paired bool // it is an answer to Exchange
	// Exchange is the request's exchange that it opens, answers or reports on, or nil: nobody knows of
	// an answer to one of more open calls than are kept, or of an error report that quotes none, which
	// request it is for.
	Exchange *Exchange
	// To is what it is addressed to after IKC:proxy and ?arg were resolved.
	To specifier.Specifier

	// Relation tells which request it belongs to by more than a rsvp, nil if it does not; see
	// Options.Related.
	Relation *Relation

	pairing *pairing // the others that it may answer, nil if there are none
	*rare
}

// rare is what few messages have.
type rare struct {
	left    *Candidate // it is an answer to this, whose exchange is not kept
	proxied bool       // it is a message to IKC:proxy, with these arguments
	args    []*perl.Value
}

// noRare is that of most messages.
var noRare rare

// ownRare gives a message a rare of its own.
func (m *Message) ownRare() *rare {
	if m.rare == &noRare {
		m.rare = new(rare)
	}
	return m.rare
}

// Kind tells what a message does.
type Kind uint8

// The kinds of message.
const (
	Post        Kind = iota // an event, nothing comes back
	Call                    // an event whose return value is wanted
	Answer                  // the return value of a call
	ErrorReport             // a request failed
)

// String names the kind for people.
func (k Kind) String() string { return [...]string{"post", "call", "answer", "error"}[k] }
