// Package replay sends what the clients of a capture asked a server to another server, in the same
// order and with the same overlap, and compares what comes back with what came back then.
package replay
