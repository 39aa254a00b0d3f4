// Package relay forwards connections and records what goes over them.
//
// A [Relay] stands between a client and a server and needs no privileges: the client connects to
// it, it connects to the server, and everything that either says is written to a capture before it
// is passed on. So an answer never precedes its request in the capture.
//
// A capture that cannot be written any more, since the disk is full for example, does not end what
// is relayed: it is logged, Close tells, and all connections go on, new ones as well.
//
// Closes are mirrored: a half-close as a half-close, a reset as a reset. A client that connects and
// goes away without a word is never seen by the server (unless Options.EagerDial is set): such a
// connection ends a Perl kernel of POE::Component::IKC 0.2402.
//
//	w, err := capture.Create("server.pcapng", capture.Meta{})
//	...
//	r, err := relay.Start(relay.Options{TargetAddress: "127.0.0.1:603", Writer: w})
//	...
//	// clients connect to r.Addr()
//	err = errors.Join(r.Close(ctx), w.Close())
package relay
