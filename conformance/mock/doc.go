// Package mock plays one side of a recording for somebody else to talk to: a server that answers as
// the recorded one did, or a worker that connects to a server and answers there.
//
// Read makes Kernels of a capture. Start plays one: a kernel of package reference with the
// sessions and states that were asked for. A request is answered as a recorded request with like
// params was, of several in their order; what the recorded side posted and called by itself comes
// after what it came after then.
package mock
