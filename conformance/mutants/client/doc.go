// Package client makes a good kernel a bad one: it rewrites what the kernel says on its way out, or
// what its driver tells, as one named [Behaviour] has it. It serves clients, kernels and
// ClientLites alike; servers are made by hand, in package server.
package client
