package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

// apart refuses a flag beside others that cannot be honoured with it; why says what is so with the
// one. Flags that a command does not have were not given.
func apart(c *cobra.Command, one, why string, others ...string) error {
	for _, other := range others {
		if given(c, one) && given(c, other) {
			return together("--"+one, "--"+other, why)
		}
	}
	return nil
}

// together is the error about two flags, or a flag and an argument, of which only one can be
// honoured.
func together(one, other, why string) error {
	return fmt.Errorf("%s and %s cannot be honoured together: with %s, %s; leave one of them out", one, other, one, why)
}

// positive refuses a flag that was given as zero or less. Its default, if it was not, need not be
// more.
func positive[N int | time.Duration](c *cobra.Command, name string, n N) error {
	if given(c, name) && n <= 0 {
		return fmt.Errorf("--%s %v: expected more than nothing", name, n)
	}
	return nil
}

// given tells whether a flag was given, and not to say no.
func given(c *cobra.Command, name string) bool {
	f := c.Flags().Lookup(name)
	return f != nil && f.Changed && f.Value.String() != "false"
}
