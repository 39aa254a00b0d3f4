// Package dialogue reads the octets of captured connections as IKC: what was negotiated, which
// frames and messages followed, which answer belongs to which call. It judges nothing; what it
// cannot read it notes.
//
//	err := dialogue.Read(reader, dialogue.Options{}, func(c *dialogue.Connection) { ... })
//
// Connections are handed over one by one as they end, so memory is bounded by what is open at a
// time; [ReadParts] bounds it for connections of any length. [NewPrinter] writes them for people,
// [NewJSONPrinter] for programs.
package dialogue
