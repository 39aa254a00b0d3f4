package main

import (
	"fmt"
	"io"
	"runtime/debug"

	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// contain is deferred around the command: a panic is a fault of its own, which ends it with the
// status of what broke, not with that of usage, as Go would.
func contain(errs io.Writer, code *int) {
	if reason := recover(); reason != nil {
		fmt.Fprintf(errs, "ikc-conform: a fault of this program, which says nothing of what it was used on; please report it: panic: %s\n%s",
			visible.Text(fmt.Sprint(reason)), debug.Stack())
		*code = report.ExitBroken
	}
}
