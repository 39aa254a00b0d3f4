// Package contract is what the harness promises and checks rely on: the sessions and states that a
// target is given, what these states return, what is sent to them, and how long things may take.
//
// Whoever plays, imitates or breaks a target (harness, mutants, oracle) and whoever judges one
// (checks) take these names from here, so that neither has to know the other.
package contract
