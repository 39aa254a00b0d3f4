// Package cell names the combinations in which a target is tried, and holds what came of each.
//
// A [Cell] is a role (server, client, clientlite), a dialect and a serializer. A [Result] is what
// came of one cell, a [TargetResult] what came of all cells of a target. This is plain data:
// whoever reports on runs needs this package and not the harness that made them.
package cell
