package main

import (
	"bufio"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
)

func inspectCommand() *cobra.Command {
	var (
		asJSON bool
		opts   dialogue.WriteOptions
	)
	c := &cobra.Command{
		Use:   "inspect FILE",
		Short: "Show the conversations in a capture",
		Long: `Inspect prints the conversations of a capture: for each connection who talks to whom and what was
negotiated, then a line for each line of negotiation and each message, with the seconds since the
connection opened and its direction (C>S from the client, C<S from the server). Messages are numbered
by direction; an answer names the call that it answers. Specifiers lack their kernel where that is the
one spoken to (or the sender's own). What is off is marked with "!".`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := capture.Open(args[0])
			if err != nil {
				return broken(err)
			}
			defer r.Close()
			out := bufio.NewWriter(cmd.OutOrStdout())
			var writing error
			first := true
			err = dialogue.Read(r.Events(capture.Limits{}), dialogue.Options{}, func(c *dialogue.Connection) {
				switch {
				case writing != nil:
				case asJSON:
					writing = dialogue.WriteJSON(out, c)
				default:
					if !first {
						_, writing = out.WriteString("\n")
					}
					if writing == nil {
						writing = dialogue.Write(out, c, opts)
					}
				}
				first = false
			})
			if writing == nil {
				writing = out.Flush()
			}
			if writing != nil {
				return broken(writing)
			}
			return broken(err)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line: connections, lines and messages, with typed values")
	c.Flags().BoolVarP(&opts.Values, "values", "v", false, "show parameters whole, over several lines")
	c.Flags().BoolVar(&opts.Full, "full", false, "show specifiers whole, kernels included where they are clear")
	c.Flags().IntVar(&opts.Width, "width", 100, "about how many octets of parameters to show on a line")
	return c
}
