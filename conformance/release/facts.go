package release

import "fmt"

// fact is something that a side may do, by which releases or Perls differ.
type fact uint8

// The facts.
const (
	setupPID fact = iota
	setupNoPID
	setupIgnored
	setupRefused
	pidRefused
	numberTaken
	numberRefused
	errorAlone
	errorTriple
	textBrackets
	textRequest
	textBare
	textStates
	refusalNot
	refusalRefused
	liteNoFrom
	liteFrom
	liteNoWantarray
	liteWantarray
	liteNative
	liteNetwork
	liteUnregister
	lineEnd
	setupOrder
	fromNoState
	goCall
	minor4
	minor5
	minor6
	minor7
	minor8
	minor9
	minor10
	minor11
	booleanSent
	booleanRead
	litePlain
	liteDumped
	numFacts
)

// aFact says what a fact means.
type aFact struct {
	// saw is what the side did, for people.
	saw string
	// from and to are the first and the last that do so, "" for no bound. With never, no release does.
	from, to string
	never    bool
	// perl: they are Perls, by the Storable that comes with them. Else they are releases.
	perl bool
	// source is the place in the original: module and sub, and what became different when.
	source string
}

// SilentToSetup are the releases whose servers say nothing to a SETUP, as people write it: the
// first is the oldest that starts with a POE of today.
const SilentToSetup = "0.1801 to 0.2200"

// facts are what is known to differ, and where that is to be read. TestFacts holds them against
// recordings of every release that starts.
var facts = [numFacts]aFact{
	setupPID:        {saw: "its SETUP has a PID", from: "0.2303", source: "Protocol __build_setup"},
	setupNoPID:      {saw: "its SETUP has no PID", from: "0.2302", to: "0.2302", source: "Protocol __build_setup: PID came with 0.2303, SETUP with 0.2300"},
	setupIgnored:    {saw: "it says nothing to a SETUP, and takes HELLO", to: "0.2200", source: "Channel server_000: SETUP came with 0.2300"},
	setupRefused:    {saw: "it answers a SETUP with NOT", from: "0.2302", source: "Channel server_000, server_010: SETUP came with 0.2300"},
	pidRefused:      {saw: "it answers a SETUP that has a PID with NOT", from: "0.2302", to: "0.2302", source: "Protocol __neg_setup: PID came with 0.2303"},
	numberTaken:     {saw: "it takes HELLO with a number for HELLO", from: "0.1903", to: "0.1903", source: "Channel server_000"},
	numberRefused:   {saw: "it answers HELLO with a number with NOT", from: "0.1904", source: "Channel server_000"},
	errorAlone:      {saw: "its error reports are the message alone", to: "0.2305", source: "Responder request; [message, kernel, operation] came with 0.2400"},
	errorTriple:     {saw: "its error reports are [message, kernel, operation]", from: "0.2400", source: "Responder _error_response"},
	textBrackets:    {saw: "its error reports end in \" [SPECIFIER]\"", to: "0.2305", source: "Responder request"},
	textRequest:     {saw: "its error reports say \".  Request SPECIFIER\"", from: "0.2400", source: "Responder _error_response"},
	textBare:        {saw: "its error reports name a session without quotes", to: "0.13", source: "Responder request"},
	textStates:      {saw: "its error reports list what is published", from: "0.14", to: "0.2305", source: "Responder request"},
	refusalNot:      {saw: "it refuses subscriptions with \"NOT SPECIFIER\"", to: "0.2305", source: "Responder do_you_have"},
	refusalRefused:  {saw: "it refuses subscriptions with \"Refused subscription SPECIFIER\"", from: "0.2400", source: "Responder do_you_have"},
	liteNoFrom:      {saw: "a ClientLite that does not say from", to: "0.2102", source: "ClientLite _send_msg; _from came with 0.2200"},
	liteFrom:        {saw: "a ClientLite that says from", from: "0.2200", source: "ClientLite _send_msg, _from"},
	liteNoWantarray: {saw: "a ClientLite that does not say wantarray", to: "0.09", source: "ClientLite call; wantarray came with 0.12"},
	liteWantarray:   {saw: "a ClientLite that says wantarray", from: "0.12", source: "ClientLite call"},
	liteNative:      {saw: "a ClientLite that freezes in native order", to: "0.1501", source: "ClientLite _get_freezer: freeze was preferred to nfreeze"},
	liteNetwork:     {saw: "a ClientLite that freezes in network order", from: "0.18", source: "ClientLite _get_freezer: nfreeze is preferred to freeze"},
	liteUnregister:  {saw: "a ClientLite that posts to IKC/unregister", to: "0.09", source: "ClientLite disconnect"},

	lineEnd:     {saw: "it ends lines otherwise than with CR LF", never: true, source: "POE::Filter::Line put; ClientLite connect"},
	setupOrder:  {saw: "its SETUP is not KERNEL, FREEZER and PID in this order", never: true, source: "Protocol __build_setup"},
	fromNoState: {saw: "the from of a session has no state", never: true, source: "Responder send_msg: the state is IKC:proxy; only ClientLite, and IKC itself in subscribe, leave it out"},
	goCall:      {saw: "it wants answers at IKCCall/response, as the kernel in Go does", never: true, source: "Responder call: the rsvp is a session that a program has made"},

	minor4:      minor("4", "5.6", "5.6"),
	minor5:      minor("5", "5.8", "5.8"),
	minor6:      minor("6", "5.8", "5.8"),
	minor7:      minor("7", "5.8", "5.12"),
	minor8:      minor("8", "5.14", "5.16"),
	minor9:      minor("9", "5.18", "5.18"),
	minor10:     minor("10", "5.20", "5.26"),
	minor11:     minor("11", "5.28", ""),
	litePlain:   {saw: "a ClientLite whose wantarray is no boolean", to: "5.36", perl: true, source: "ClientLite call: what wantarray returns is a boolean, which Storable of 5.38 and later keeps"},
	liteDumped:  {saw: "a ClientLite whose wantarray is a boolean", from: "5.38", perl: true, source: "Data::Dumper: !!1 and !!0"},
	booleanSent: {saw: "it sends booleans", from: "5.38", perl: true, source: "Storable.xs store_scalar: SX_BOOLEAN_TRUE, SX_BOOLEAN_FALSE"},
	booleanRead: {saw: "it answers what holds booleans", from: "5.38", perl: true, source: "Storable.xs retrieve: an older one dies of the tags"},
}

func minor(number, from, to string) aFact {
	return aFact{saw: fmt.Sprintf("Storable images of version 2.%s", number), from: from, to: to, perl: true, source: "Storable.xs STORABLE_BIN_WRITE_MINOR"}
}

// set is what does so.
func (f fact) set() Set {
	all := AllReleases()
	if facts[f].perl {
		all = AllPerls()
	}
	if facts[f].never {
		return Set{of: all.of}
	}
	return all.Between(facts[f].from, facts[f].to)
}
