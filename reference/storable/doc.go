// Package storable reads and writes the images of Perl's Storable module without running any Perl.
package storable
