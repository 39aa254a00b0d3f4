package wire

import "github.com/perl-ikc/ikc-conform/reference/specifier"

// Sessions that messages name without anybody having made them.
const (
	// SessionIKC is the session of every kernel that answers for the kernel itself: the Responder.
	// It shares its name with the dialect [IKC], and nothing else. Source: Responder _start.
	SessionIKC = "IKC"
	// SessionIKCLite is what a ClientLite calls itself in from and rsvp. Source: ClientLite _from.
	SessionIKCLite = "IKCLite"
)

// States of SessionIKC that every kernel publishes. Source: Responder::Object new.
const (
	// StatePing answers [Pong]. Source: Responder ping.
	StatePing = "ping"
	// StateHave is asked whether a session or a state is published: its params are [specifier, id
	// of the kernel that asks]; the answer is [specifier, id of the kernel that has it], or a
	// string that says no. Source: Responder do_you_have.
	StateHave = "do_you_have"
	// StateRemoteError takes an error report, see [RemoteError]. Source: Responder remote_error.
	StateRemoteError = "remote_error"
)

// Params of a ping, and its answer.
const (
	Ping = "PING" // what ClientLite sends; no kernel looks at it. Source: ClientLite ping
	Pong = "PONG" // Source: Responder ping
)

// States that are only ever named by an rsvp or a from.
const (
	// StatePong of SessionIKC is where ClientLite wants the answer to its ping. Source: ClientLite
	// ping.
	StatePong = "pong"
	// StateResponse, with a number behind it, is where ClientLite wants the answer to a call: a
	// state of SessionIKCLite. Source: ClientLite call, post_respond.
	StateResponse = "response"
	// StateReceipt, with more behind it, is where a kernel wants the answer of StateHave: a state
	// of SessionIKC. Source: Responder subscribe.
	StateReceipt = "IKC:receipt "
	// StateProxy takes several arguments for another state of its session: params is
	// [state, [arguments]]. Source: Responder _req_args, send_msg.
	StateProxy = specifier.ProxyState
)
