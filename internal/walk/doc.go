// Package walk looks through Perl values that may share containers and lead back to themselves.
package walk
