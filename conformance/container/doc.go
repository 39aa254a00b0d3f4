// Package container runs drivers (conformance/DRIVER.md) in containers, by way of
// testcontainers-go: real Perl of any release, in images that are built when first needed and kept,
// or anybody's image that has a driver as its entrypoint.
//
// The conversation with a driver goes over the engine's attach stream, so that a driver ends, as
// DRIVER.md has it, when its harness does. Its listening sockets are reached
//
//   - directly, at the container's own address, when the engine is on this machine: nothing is
//     published, and what happens to a connection (reset, half-close) happens without a proxy in
//     between;
//   - by ports that are published, when it is elsewhere (DOCKER_HOST, Docker Desktop).
//
// The other way round, a driver that connects to the harness is sent to a forwarder on the gateway
// of its network, or to host.docker.internal; with a remote engine, to the address that this
// machine has towards it, or the one in IKC_HARNESS_ADDRESS.
//
// Every container has a private network. Both have labels that say which process owns them; what a
// killed process left is removed by the next one that uses this package.
//
// Environment:
//
//	DOCKER_HOST, ...       as for every Docker client
//	IKC_CPAN_MIRROR        where Dockerfile.perl fetches releases
//	IKC_CPAN_SHA256        their checksums, RELEASE=SHA256 with commas between, where Dockerfile.perl
//	                       does not know them or the mirror made them itself; or none
//	IKC_PERL_BASE          base image of Dockerfile.perl
//	IKC_CONTAINER_NETWORK  direct or published, in place of what is found out
//	IKC_HARNESS_ADDRESS    how containers reach this machine, when ports are published
package container
