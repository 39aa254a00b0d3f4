// Package replay plays one side of the connections in a capture once more, to another
// implementation of the other side, in the same order and with the same overlap, and compares what
// comes back with what came back then. It plays the clients, and connects to a server; or it plays
// the server, and workers connect to it.
package replay
