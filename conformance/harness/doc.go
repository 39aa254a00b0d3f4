// Package harness puts targets through scenarios, records what they say on the wire, and has the
// recording judged.
//
// A target is tried cell by cell: as server and as client, in each dialect, with each serializer asked
// for. The traffic of a cell goes through a relay that writes a capture; the verdicts come from that
// capture and nothing else.
package harness
