// Package checks is the catalogue of what a kernel of IKC must do.
//
// [Catalogue] lists all checks. They are written in two packages below: shown holds what the octets
// on the wire show, told what only the driver of a kernel can tell. Each has a file for each area
// of ids: the check HAVE-003 stands in shown/have.go.
package checks
