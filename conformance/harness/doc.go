// Package harness puts targets through scenarios, records what they say on the wire, and has the
// recording judged.
//
// A target is tried cell by cell: as server and as client, in each dialect, with each serializer
// asked for. The traffic of a cell goes through a relay that writes a capture; the verdicts come
// from that capture and nothing else.
//
// There are two kinds of play. In a scenario a probe, which sends exactly what it is told to, plays
// on the target (scenario.go). In a conversation two kernels with drivers talk to each other, the
// target and the reference kernel (conversation.go).
package harness
