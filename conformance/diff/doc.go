// Package diff tells how the traffic in two sets of captures differs: what is called and posted,
// with what, what comes back and when, and what is negotiated. Captures are read in bounded memory.
package diff
