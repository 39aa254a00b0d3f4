package upgrade

// Weight is how much a difference matters to those who upgrade, the worst first.
type Weight uint8

// The weights.
const (
	// Breaks: a process ends, or two cannot talk to each other.
	Breaks Weight = iota
	// Changes: programs that rely on it do something else.
	Changes
	// Differs: only kernels, and those who read captures, see it.
	Differs
	// Better: it is what it should be now, and nobody is known to rely on what it was.
	Better
)

var weightNames = [...]string{"breaks", "changes", "differs", "better"}

// String is a word.
func (w Weight) String() string { return weightNames[w] }

// MarshalText implements encoding.TextMarshaler: the form of String.
func (w Weight) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// consequence is what it means to programs if a check begins to fail, or fails no longer.
type consequence struct {
	weight Weight
	whom   string
	text   string
}

// begins are what it means if a check that passed before fails after the upgrade, by its id.
var begins = map[string]consequence{
	"ROB-001": {Breaks, "every server", "A connection that closes before it has negotiated ends the process: port probes, health checks, load balancers."},
	"ROB-002": {Breaks, "every server", "An image that is no message ends the process."},
	"SER-004": {Breaks, "processes of an older Perl", "Booleans of the new end the old: Storable before Perl 5.38 dies of \"Corrupted storable string\" where !!1, !!0 or the wantarray of a " +
		"ClientLite come. Upgrade those that listen first, send !!1 ? 1 : 0, or use FreezeThaw or POE::Component::IKC::Freezer meanwhile."},
	"SER-003":     {Breaks, "machines of other word sizes", "Images are in native order, which others cannot thaw."},
	"HS-IKC0-008": {Breaks, "clients that offer SETUP", "A SETUP gets no answer, so a client that speaks IKC0 waits for ever: protocol => 'IKC' helps."},
	"HC-IKC0-005": {Breaks, "clients", "A client refuses the server's SETUP because of its PID, and closes."},
	"ERR-004":     {Changes, "error handlers (errors_to, monitors of errors)", "They get the message alone, no longer an array of message, kernel and operation."},
	"ERR-009":     {Changes, "error handlers that match the text", "The text of error reports ends otherwise."},
	"POST-001":    {Changes, "callers that post, then call", "A call may overtake a post that was sent before it."},
	"PRX-001":     {Changes, "callers that post to a proxy, then call", "A call may overtake a post that was sent before it."},
	"RUN-005":     {Changes, "callers that post, then call", "A state that is called may run before one that was posted to before."},
	"SND-002":     {Changes, "ClientLites that wait for what a state posts to its sender", "Such posts go nowhere."},
	"CALL-010":    {Changes, "callers that put ?ARG behind a specifier", "Such a specifier is not understood."},
	"CALL-013":    {Changes, "callers that leave out poe:", "Such a specifier is not understood."},
	"RUN-001":     {Changes, "callers that put ?ARG behind a specifier", "The state is not run, an error comes instead."},
}

// ends are what it means if a check that failed before passes after the upgrade, by its id.
var ends = map[string]consequence{
	"ERR-004": {Changes, "error handlers (errors_to, monitors of errors)", "They get an array now, [message, kernel, operation], where they got the message alone: " +
		"code that prints or matches it sees ARRAY(0x...)."},
	"ERR-009":     {Changes, "error handlers that match the text", "The text of an error report ends in \".  Request <specifier> sent by <specifier>\" now, no longer in \" [specifier] sent by [specifier]\"."},
	"POST-001":    {Changes, "callers that post, then call", "A post is carried out when it comes, before calls that come later; it was put into POE's queue, where they overtook it."},
	"PRX-001":     {Changes, "callers that post to a proxy, then call", "A post is carried out when it comes, before calls that come later."},
	"RUN-005":     {Changes, "states", "A state that is posted to runs at once, in the order of what came, no longer by way of POE's queue."},
	"HAVE-004":    {Differs, "those who match the text of a refused subscription", "It reads \"Refused subscription <specifier>\", no longer \"NOT <specifier>\"."},
	"HS-IKC0-008": {Better, "clients that offer SETUP", "The server answers SETUP: dialect IKC0 can be spoken, in one round trip."},
	"SND-002":     {Better, "ClientLites", "What a state posts to its sender reaches a ClientLite."},
	"ROB-001":     {Better, "every server", "A connection that closes before it has negotiated no longer ends the process."},
	"ROB-002":     {Better, "every server", "An image that is no message no longer ends the process."},
	"SER-004":     {Better, "processes of an older Perl", "No booleans are sent, which end a Perl before 5.38."},
	"HC-IKC0-005": {Better, "clients", "A client takes the PID in the server's SETUP, which that of 0.2302 refused."},
}
