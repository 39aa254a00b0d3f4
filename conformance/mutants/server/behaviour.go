package server

import (
	"slices"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
)

// Behaviour is one thing that a server does wrong. The zero Behaviour does nothing wrong.
type Behaviour struct {
	// Name is a few words; Text says what it does in a sentence.
	Name, Text string
	// Kills are the checks that must fail, the one that names the defect first.
	Kills []string
	// Hostile says that it shows only in scenarios that are not for servers in use.
	Hostile bool
	// Silent says that it shows by silence, for which one has to wait.
	Silent bool

	// Negotiation.
	greeting   []string                                             // said before the client speaks
	lines      func(c *conn, asked string, reply []string) []string // replaces the reply to a line
	lineEnd    string
	onlyIKC    bool // refuses SETUP
	forward    bool // names by IAM in forward order
	dropsEarly bool // frames that came with the SETUP

	// Octets.
	freeze storable.FreezeOptions
	value  func(*perl.Value) *perl.Value
	image  func([]byte) []byte
	frame  func([]byte) []byte

	// Requests: before one is carried out, when its state has returned, when the replies are made, and
	// when they have been sent: true ends the connection.
	request  func(*request)
	returned func(*request)
	replies  func(*request)
	quit     func(*request) bool

	// dies tells why the whole server ends.
	dies death
}

// Defects lists all there are.
func Behaviours() []*Behaviour {
	return slices.Concat(lineDefects(), octetDefects(), valueDefects(), kindDefects(),
		answerDefects(), silentKinds(), stateDefects(), errorDefects(), requestDefects(), manyDefects(), unaskedDefects(), robustDefects())
}

// Find returns the defect with a name, nil if there is none.
func Find(name string) *Behaviour {
	for _, d := range Behaviours() {
		if d.Name == name {
			return d
		}
	}
	return nil
}

// death is what ends a whole server.
type death uint8

const (
	survives     death = iota
	ofHalfOpened       // a connection that ends in the middle of the negotiation
	ofBadImage         // an image that is no message
	ofBadFrame         // octets that are no frame
)

func robustDefects() []*Behaviour {
	return []*Behaviour{
		{Name: "dies of half a negotiation", Text: "A connection that ends in the middle of the negotiation ends the server.", Kills: []string{"ROB-001"}, Hostile: true, dies: ofHalfOpened},
		{Name: "dies of a bad image", Text: "An image that is no hash ends the server.", Kills: []string{"ROB-002"}, Hostile: true, dies: ofBadImage},
		{Name: "dies of a bad frame", Text: "Octets that are no frame end the server.", Kills: []string{"ROB-003"}, Hostile: true, dies: ofBadFrame},
	}
}
