package contract

// Names of the kernels of a conversation.
const (
	ServerName = "ConformServer"
	ClientName = "ConformClient"
)

// UntoldInterface is the interface of a capture on which a kernel is recorded that no driver log in
// it is about: hostile scenarios have a process of their own each.
const UntoldInterface = "untold"

// ProbeName is the kernel name that probes go by, with a number behind it: nobody else makes a
// connection to one, so that all that is said on it is known to have a reason, or none.
const ProbeName = "ConformProbe"

// Each of the two has two aliases: its name with TooSuffix, of which a monitor wants to be told of
// unregister only, and its name with EndedSuffix, of which a monitor is ended before anything
// happens.
const (
	TooSuffix   = "Too"
	EndedSuffix = "Ended"
)

// Values that the harness has kernels send, by which others know them again: checks, and the
// mutants that answer for a kernel.
const (
	// LocalMark is what a kernel sends to itself: never over a connection.
	LocalMark = "to itself"
	// AllMark is what a kernel posts to all kernels, itself included.
	AllMark = "to all"
	// LastWords is what a kernel posts before it is shut down.
	LastWords = "last words"
	// AwaitedMark is what a state posts to a ClientLite that waits for it.
	AwaitedMark = "to be waited for"
	// CountedKey is the key of a hash that the state "count" is given: the count that another
	// connection got before.
	CountedKey = "counted before"
	// MeanwhileMark begins what is sent to CrowdSession while SlowState takes its time.
	MeanwhileMark = "meanwhile "
	// FirstGone is what is posted to Namesake when the first of them is gone, AnotherCame when
	// another has come.
	FirstGone, AnotherCame = "the first is gone", "another has come"
)
