// Package server is a server of IKC that behaves well by default, and badly in one named way when
// told to. It is made by hand on the wire package, not on the kernel, so that what a test of the
// catalogue finds does not depend on the kernel being right or wrong.
//
//	s, err := server.Start(server.Options{Behaviour: server.Find("two answers")})
//	defer s.Close()
//	... targets.Parse("tcp:" + s.Addr()) ...
//
// [Behaviours] lists the ways, each with the check that names it.
package server
