// Package shadow has live traffic go to a server untouched, and a copy of it to another, whose
// answers are compared with those of the first and thrown away.
//
// Between clients and the real server is a relay, which hands over what passes without waiting for
// anybody. One goroutine decodes it, sends to the other server what clients say, under the names of
// that one, and compares what both say back. Where it cannot keep up, or memory is short, or the
// other server does not read, a connection has no copy from there on, which is counted.
//
// The requests of one connection come to the other server in their order; those of several may
// come in another, as they may to the real one.
package shadow
