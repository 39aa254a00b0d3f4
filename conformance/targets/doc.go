// Package targets reaches implementations under test: the reference in this process, a server by
// its address, a driver as a command, at an address or in a container, and real Perl, here or in a
// container.
//
// It is the only package of the engine that links Docker.
package targets
