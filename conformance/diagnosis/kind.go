package diagnosis

import (
	"fmt"
	"slices"
	"strings"
)

// Severity weighs a kind of notice.
type Severity uint8

// The severities, the worst first.
const (
	Error   Severity = iota // something did not work
	Warning                 // something may not have worked, or will not work everywhere
	Note                    // worth knowing when something else is wrong
)

// String names the severity for people and programs.
func (s Severity) String() string { return [...]string{"error", "warning", "note"}[s] }

// MarshalText implements encoding.TextMarshaler.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Severity) UnmarshalText(text []byte) error {
	for _, known := range []Severity{Error, Warning, Note} {
		if string(text) == known.String() {
			*s = known
			return nil
		}
	}
	return fmt.Errorf("severity %q: expected error, warning or note", text)
}

// Kind is a kind of notice.
type Kind struct {
	ID       string // NOTE-001 and so on; never used again for another
	Severity Severity
	// Title says in a sentence what was noticed.
	Title string
	// Why says what leads to it, and how it shows in the packets; Next what to do.
	Why, Next string
	// Look are flags of 'ikc-conform inspect' that show it, besides --connection.
	Look string
}

// Kinds are all kinds; of one severity, causes come before what they lead to.
func Kinds() []*Kind {
	return []*Kind{
		refused, noAnswerToSYN, brokeOff, bare, refusedSerializer, otherProtocol, twins, astray, nobody, withheld,
		characters, unreadable, closedAtOnce, closedBefore, notRead, notAcknowledged, errorReport, closedLater, gaveUpBusy, gaveUp, leftAtOnce,
		booleans, slowNegotiation, rsvpElsewhere, answeredAgain, misdirected, unreasoned, gaps, returnedNothing, oneOfSeveral,
		mayBeMissing, stillOpen, answerElsewhere,
	}
}

// Find finds a kind by its id, in upper or lower case; nil if there is none.
func Find(id string) *Kind {
	for _, k := range Kinds() {
		if strings.EqualFold(k.ID, id) {
			return k
		}
	}
	return nil
}

// Search finds the kinds that have a word in their text, in upper or lower case.
func Search(word string) []*Kind {
	word = strings.ToLower(word)
	return slices.DeleteFunc(Kinds(), func(k *Kind) bool {
		return !strings.Contains(strings.ToLower(strings.Join([]string{k.ID, k.Severity.String(), k.Title, k.Why, k.Next}, "\n")), word)
	})
}

// rank is the place of a kind among all: causes come first.
func (k *Kind) rank() int {
	return slices.IndexFunc(Kinds(), func(o *Kind) bool { return o.ID == k.ID })
}

var (
	refused = &Kind{"NOTE-001", Error, "A connection was refused.",
		"A SYN was answered by a reset, or a relay could not connect: nobody listens on that address. " +
			"A server of POE::Component::IKC 0.2402 ends when a client closes before the negotiation is over; then the connections after that one are refused.",
		"See whether the server runs, and on which address it listens. If an earlier connection is named as the cause, keep port probes and health checks from connecting without a negotiation.", ""}
	noAnswerToSYN = &Kind{"NOTE-002", Error, "A connection was never established: nobody answered.",
		"SYNs were sent, some several times, and nothing came back, not even a reset: a firewall drops them, the host is down, or its queue of connections is full.",
		"See from the client's host whether the address is reachable at all, and what the firewalls between do.", ""}
	brokeOff = &Kind{"NOTE-003", Error, "A negotiation broke off.",
		"A side closed the connection before both had agreed. The last line tells who did not get, or did not like, what it had asked for. " +
			"A server of POE::Component::IKC 0.2402 ends of it.",
		"See the lines of the negotiation, and what the program that closed says in its log.", ""}
	bare = &Kind{"NOTE-004", Warning, "A connection was opened and closed without a word.",
		"Port scanners, load balancers and health checks do that. It ends a server of POE::Component::IKC 0.2402.",
		"Use 'ikc-conform ping HOST:PORT' for health checks: it negotiates.", ""}
	refusedSerializer = &Kind{"NOTE-005", Warning, "A serializer was refused.",
		"The server answered NOT to a FREEZER: it has no such Perl module, or cannot load it. Clients go on with another one, if they have one.",
		"Install the module where the server runs, or name one that both sides have.", ""}
	otherProtocol = &Kind{"NOTE-006", Warning, "Another protocol is spoken on a connection.",
		"The first octets are those of TLS, HTTP, the PROXY protocol, SSH, Redis or another protocol. On the port of IKC they come from a client, " +
			"a load balancer or a scanner that takes it for something else.",
		"See who connects from there. POE::Component::IKC speaks neither TLS nor PROXY by itself: take them off before it.", ""}
	twins = &Kind{"NOTE-007", Error, "Two processes were connected by one name at the same time.",
		"What is addressed to a name goes to the process that connected first, answers to calls of the other one too. " +
			"Names are those that kernels announce; ClientLites of one program often have the same.",
		"Give each process a name of its own: Client->spawn(name => ...), create_ikc_client(name => ...) with the PID in it.", ""}
	astray = &Kind{"NOTE-008", Error, "An answer went to another connection than the one that waits for it.",
		"The rsvp names the caller, but another process was connected by this name first, and the answer went there.",
		"Give each process a name of its own.", "--unanswered"}
	nobody = &Kind{"NOTE-009", Warning, "Something is addressed to a kernel that nobody is.",
		"The specifier names a kernel that is neither the one spoken to nor any other of the capture. POE::Component::IKC passes on what is for another " +
			"kernel that is connected to it; of what is for nobody, only monitors of the kernel that drops it are told.",
		"Compare the name with those that kernels announce in the negotiation: 'ikc-conform inspect FILE' shows them.", ""}
	characters = &Kind{"NOTE-010", Error, "A FreezeThaw text counts characters where there are octets.",
		"A string with characters beyond Latin-1 (wide characters) was frozen by FreezeThaw: its count is of characters, what was sent is UTF-8, " +
			"which has more octets. POE::Component::IKC cannot read it back.",
		"Encode strings before they are sent (Encode::encode), or use Storable, which carries them.", ""}
	unreadable = &Kind{"NOTE-011", Error, "Something cannot be read.",
		"An image is damaged or no message, or octets are no frame.",
		"'ikc-conform inspect FILE --frame N --side SIDE --dump' shows an image; 'ikc-conform check FILE' what is wrong with it.", ""}
	closedAtOnce = &Kind{"NOTE-012", Error, "A kernel closed the connection right after a request that it did not answer.",
		"It was called, or posted to, and closed within a second, without an answer or an error report: most often the process died of the call. " +
			"An exception in a state ends a POE kernel, and so does exit.",
		"See the log of the process that closed, at this time. 'ikc-conform inspect FILE --connection N -v' shows what it was called with.", ""}
	notRead = &Kind{"NOTE-013", Error, "A kernel does not read what is sent to it.",
		"TCP says so: it announced a closed window, and did not open it again. The process is blocked in one state, was stopped, or reads slower than the other side writes.",
		"See what the process does (strace, perl's debugger): a POE kernel that computes, sleeps or waits in a state reads nothing meanwhile.", ""}
	notAcknowledged = &Kind{"NOTE-014", Error, "What was sent was never acknowledged.",
		"TCP sent it again and again, and got no acknowledgement: the other host is gone, or a firewall or a NAT has forgotten the connection, which for both sides is still open.",
		"See whether the other host is up. Connections that are idle for long want a ping now and then (IKC/ping), or TCP keepalives.", ""}
	errorReport = &Kind{"NOTE-015", Error, "A kernel reported an error on a request.",
		"The operation says where it failed: check, the session or the state is not published; resolve, there is no such session; invocation, the state failed; " +
			"request, the message was not understood.",
		"check: publish it (IKC publish => SESSION, [STATES]), and compare the spelling. resolve: see whether the session has started, or has ended.", "--errors"}
	closedLater = &Kind{"NOTE-016", Warning, "A kernel closed the connection, and had not answered a call.",
		"It ended more than a second after the call, and nothing shows whether the state returned nothing (undef, or an empty list), which is not answered, or had not returned.",
		"See whether the state returns something. If it does, it had not finished: see why the process ended.", "--unanswered"}
	gaveUpBusy = &Kind{"NOTE-017", Warning, "A caller gave up, and the kernel that it had called was busy.",
		"The caller closed while its call was open. The other side said nothing, and was slow to close in turn, which a POE kernel does at once if it is not in a state: it was busy, or blocked.",
		"See what the state that was called does, and those called before it on any connection: a POE kernel runs one at a time. Raise the timeout of the caller, or move long work to another process.", "--unanswered"}
	gaveUp = &Kind{"NOTE-018", Warning, "A caller gave up, and the kernel that it had called was not busy.",
		"The caller closed while its call was open, and the other side closed at once in turn, which a POE kernel does only if it is not in a state. " +
			"So the state has been run, and returned nothing (undef, or an empty list), which is not answered; or it answers later by a post that did not come. " +
			"A process that was stopped, or in a state, all the while and came back just then looks the same.",
		"Have the state return something, or use post where no answer is to come.", "--unanswered"}
	booleans = &Kind{"NOTE-019", Warning, "A Storable image holds booleans, which an older Perl cannot read.",
		"Perl 5.36 and later know booleans; Storable of Perl 5.38 and later writes them with tags of their own (SX_BOOLEAN_TRUE, SX_BOOLEAN_FALSE), on which an older one dies with \"Corrupted storable string\". " +
			"ClientLite of such a Perl sends one in every call, as wantarray.",
		"In a cluster of one Perl this is harmless. Else make them strings or integers (!!$x ? 1 : 0), or use FreezeThaw.", ""}
	slowNegotiation = &Kind{"NOTE-020", Warning, "A negotiation took long.",
		"Half a second or more passed from the opening of the connection until both sides had agreed. The side that was waited for was busy in a state, or the way is slow.",
		"See what the side that was slow did at the time: other connections of the capture may show it.", ""}
	rsvpElsewhere = &Kind{"NOTE-021", Warning, "A call got no answer, and its rsvp names another kernel than the caller.",
		"Answers go to the kernel that the rsvp names, whichever connection the call came by. No answer to it is on any connection of the capture.",
		"See whether the name in the rsvp is one that the caller announced, or that of a kernel which is connected.", "--unanswered"}
	answeredAgain = &Kind{"NOTE-022", Warning, "A call was answered more than once.",
		"More answers came for a rsvp than there were calls. Perl takes each as an event, a ClientLite the first.",
		"See which program answers, and 'ikc-conform explain CALL-003'.", ""}
	misdirected = &Kind{"NOTE-023", Warning, "A call was not answered, but a message came to a state of its session that nobody named.",
		"An answer goes to session and state of the rsvp; this one names another state.",
		"See what the kernel that answers takes for the rsvp.", "--unanswered"}
	unreasoned = &Kind{"NOTE-030", Warning, "Something came that nothing in the traffic is a reason for.",
		"An error report is about a request that was not made, or something came for a ClientLite that had asked for nothing, or for no such thing any more. " +
			"Perl takes it all the same: a ClientLite that waits for an answer meanwhile reads it instead, and the call returns nothing (\"received, expecting\").",
		"See which state sent it, and whether it posts twice to a rsvp: 'ikc-conform inspect FILE --connection N' shows what was said before.", ""}
	gaps = &Kind{"NOTE-024", Warning, "The capture lacks octets of a connection.",
		"Packets were dropped when it was recorded, were cut by a snapshot length, or were captured twice with different contents. What seems to be missing may have been said there.",
		"Record again with a larger buffer (tcpdump -B 65536 -s 0), or with 'ikc-conform record', which loses nothing.", ""}
	returnedNothing = &Kind{"NOTE-025", Note, "A state returned nothing, so that its call got no answer.",
		"Later calls of the same side were answered, and a kernel of POE::Component::IKC answers in order: the state has returned undef, or an empty list, which is not answered.",
		"Nothing, if the caller does not wait. Else have the state return something.", "--unanswered"}
	oneOfSeveral = &Kind{"NOTE-026", Note, "Some of several calls with one rsvp got no answer.",
		"Fewer answers came than there were calls, and nothing tells which calls they are for: all have the same rsvp, and a state that returns nothing sends none.",
		"A rsvp of its own for each call tells them apart, as ClientLite has.", "--unanswered"}
	mayBeMissing = &Kind{"NOTE-027", Note, "Whether a call was answered is not known.",
		"Its answer may be in octets that the capture lacks, on a connection of another process of the same name, or came for one of more calls than are kept.",
		"Record the whole conversation.", ""}
	stillOpen = &Kind{"NOTE-028", Note, "A call had no answer when the capture ended.",
		"Neither side had closed: it may have come later.",
		"Record longer, or ask the kernel: 'ikc-conform ping HOST:PORT' says whether it answers at all.", "--unanswered"}
	answerElsewhere = &Kind{"NOTE-029", Note, "An answer went to another connection, as its rsvp says.",
		"The rsvp names a kernel that is connected by another connection than the call came by.",
		"Nothing, if that is meant.", ""}
	closedBefore = &Kind{"NOTE-032", Error, "A call came after the kernel had closed.",
		"The other side had closed, or its process had ended, before the call was made: the caller had not noticed yet.",
		"See what the kernel was sent just before it closed, on any connection, and its log.", "--unanswered"}
	withheld = &Kind{"NOTE-033", Warning, "A relay kept to itself what a side said, as it was told to.",
		"The capture was made by 'ikc-conform record' with --blackhole or --stall, and says so in comments: it has what each side said, which the other did not get. That the other is silent shows nothing of it.",
		"Record without these to see what the two do.", ""}
	leftAtOnce = &Kind{"NOTE-031", Warning, "A caller left before its call could be answered.",
		"The caller closed so soon after its call that the other side had hardly the time to answer: nothing shows whether it would have. " +
			"A ClientLite does so when an error report comes, also one about a post of before.",
		"See what came to the caller just before, and whether its program ended.", "--unanswered"}
)
