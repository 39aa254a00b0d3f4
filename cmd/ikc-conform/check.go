package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

func checkCommand() *cobra.Command {
	var (
		j    judging
		side string
	)
	c := &cobra.Command{
		Use:   "check FILE...",
		Short: "Judge captures",
		Long: `Check judges captures (pcapng or pcap, from anybody's network) by the checks of 'ikc-conform list':
every connection of IKC in them, both sides unless --side says otherwise. Connections that are not
IKC are left alone, with a note. What a capture does not show is inconclusive. A capture that is cut
short or damaged is never conformant: what is missing might say otherwise.`,
		Example: "  ikc-conform check production.pcapng\n  tcpdump -i eth0 -w ikc.pcap port 603; ikc-conform check --side server ikc.pcap",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			level, err := j.level()
			if err != nil {
				return err
			}
			checks, err := conformance.Select(j.checks...)
			if err != nil {
				return err
			}
			sides, err := parseSides(side)
			if err != nil {
				return err
			}
			var files []*conformance.FileVerdict
			for _, path := range args {
				if strings.HasSuffix(path, ".json") {
					fmt.Fprintf(cmd.ErrOrStderr(), "ikc-conform: %s: passed over, it is no capture but what is known of one\n", path)
					continue
				}
				f, err := conformance.JudgeFile(path, checks, dialogue.Options{}, sides...)
				if err != nil {
					return broken(err)
				}
				files = append(files, f)
			}
			return j.show(cmd.OutOrStdout(), []*report.Report{report.FromFiles(files, level)})
		},
	}
	j.flags(c)
	c.Flags().StringVar(&side, "side", "both", "judge the server, the client, or both")
	return c
}

func parseSides(s string) ([]wire.Role, error) {
	switch s {
	case "both":
		return []wire.Role{wire.Server, wire.Client}, nil
	case "server":
		return []wire.Role{wire.Server}, nil
	case "client":
		return []wire.Role{wire.Client}, nil
	}
	return nil, fmt.Errorf("--side %q: expected server, client or both", s)
}
