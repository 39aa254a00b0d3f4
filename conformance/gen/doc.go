// Package gen writes a Go package from what captures show of sessions: structs for what their
// states are sent and answer, a client, an interface for who has the session, and tests with the
// values that were recorded.
//
//	i, err := gen.Read(events, gen.Options{})
//	files, err := i.Files(gen.Writing{Package: "board", Source: "board.pcapng"})
//
// The types take all that was seen: what comes as an integer here and as a string there, and what
// is not always there. What no type takes without a loss stays a *perl.Value.
package gen
