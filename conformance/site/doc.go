// Package site makes what the project knows into one folder of pages: the specification, a page
// for each check, the notices, the guides, what is known of releases and Perls, and benchmarks. The
// pages are static, and load no file but each other's: they are read from a disk as well as from a
// server. Without a script they lack the search, and nothing else.
package site
