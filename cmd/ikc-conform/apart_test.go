package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/report"
)

// TestApart: flags of which only one can be honoured are refused, with a sentence that names both,
// and nothing is written.
func TestApart(t *testing.T) {
	written := filepath.Join(t.TempDir(), "written")
	capture := repository + "/captures/perl-server-perl-client-ikc0"
	for _, test := range []struct {
		line string // of words
		both [2]string
	}{
		{"run reference --debug --timeout 1s", [2]string{"--debug", "--timeout"}},
		{"run reference --debug --patience 1s", [2]string{"--debug", "--patience"}},
		{"run reference --oracle perl --html FILE", [2]string{"--oracle", "'ikc-conform oracle ORACLE TARGET...'"}},
		{"run reference -v --json -", [2]string{"--json -", "--verbose"}},
		{"run reference --tap - --sarif -", [2]string{"--tap", "--sarif"}},
		{"run reference --json FILE --html FILE", [2]string{"--json", "--html"}},
		{"matrix reference --verbose --junit -", [2]string{"--junit -", "--verbose"}},
		{"matrix reference --all", [2]string{"--all", "targets"}},
		{"oracle reference reference --debug --timeout 1s", [2]string{"--debug", "--timeout"}},
		{"oracle reference reference --debug --patience 1s", [2]string{"--debug", "--patience"}},
		{"model reference --replay FILE --seed 1", [2]string{"--replay", "--seed"}},
		{"model reference --replay FILE --runs 1", [2]string{"--replay", "--runs"}},
		{"model reference --replay FILE --kernels 2", [2]string{"--replay", "--kernels"}},
		{"model reference --replay FILE --shrink 1s", [2]string{"--replay", "--shrink"}},
		{"model reference --replay FILE --dir FILE", [2]string{"--replay", "--dir"}},
		{"check " + capture + ".pcapng -v --markdown -", [2]string{"--markdown -", "--verbose"}},
		{"check " + capture + ".pcapng " + capture + ".json --checks PING-001", [2]string{"--checks", "sidecar"}},
		{"report run.json -v --annotations -", [2]string{"--annotations -", "--verbose"}},
		{"report run.json --matrix --json -", [2]string{"--json -", "--matrix"}},
		{"shadow --to 127.0.0.1:1 --also 127.0.0.1:2 -o - --json -", [2]string{"--output -", "--json -"}},
		{"report compare old.json new.json --json FILE --html FILE", [2]string{"--json", "--html"}},
		{"inspect x.pcapng --follow --unanswered", [2]string{"--follow", "--unanswered"}},
		{"inspect x.pcapng --stats --every 1s", [2]string{"--every", "--follow"}},
		{"inspect x.pcapng --follow --metrics :9603", [2]string{"--metrics", "--stats"}},
		{"inspect x.pcapng --follow --frame 1", [2]string{"--follow", "--frame"}},
		{"inspect x.pcapng --unanswered --errors", [2]string{"--unanswered", "--errors"}},
		{"inspect x.pcapng --unanswered --slower 1s", [2]string{"--unanswered", "--slower"}},
		{"inspect x.pcapng --frame 1 --sequence", [2]string{"--frame", "--sequence"}},
		{"inspect x.pcapng --frame 1 -v", [2]string{"--frame", "--values"}},
		{"inspect x.pcapng --frame 1 --full", [2]string{"--frame", "--full"}},
		{"inspect x.pcapng --frame 1 --width 60", [2]string{"--frame", "--width"}},
		{"inspect x.pcapng --frame 1 --color always", [2]string{"--frame", "--color"}},
		{"inspect x.pcapng --frame 1 --stats", [2]string{"--frame", "--stats"}},
		{"inspect x.pcapng --frame 1 --json", [2]string{"--frame", "--json"}},
		{"inspect x.pcapng --frame 1 --kernel x", [2]string{"--frame", "--kernel"}},
		{"inspect x.pcapng --frame 1 --session x", [2]string{"--frame", "--session"}},
		{"inspect x.pcapng --frame 1 --state x", [2]string{"--frame", "--state"}},
		{"inspect x.pcapng --frame 1 --errors", [2]string{"--frame", "--errors"}},
		{"inspect x.pcapng --frame 1 --unanswered", [2]string{"--frame", "--unanswered"}},
		{"inspect x.pcapng --frame 1 --slower 1s", [2]string{"--frame", "--slower"}},
		{"inspect x.pcapng --frame 1 --from 1s", [2]string{"--frame", "--from"}},
		{"inspect x.pcapng --frame 1 --to 1s", [2]string{"--frame", "--to"}},
		{"inspect x.pcapng --side server", [2]string{"--side", "--frame N"}},
		{"inspect x.pcapng --stats --sequence", [2]string{"--stats", "--sequence"}},
		{"inspect x.pcapng --stats -v", [2]string{"--stats", "--values"}},
		{"inspect x.pcapng --stats --full", [2]string{"--stats", "--full"}},
		{"inspect x.pcapng --stats --width 60", [2]string{"--stats", "--width"}},
		{"inspect x.pcapng --stats --color always", [2]string{"--stats", "--color"}},
		{"inspect x.pcapng --json --sequence", [2]string{"--json", "--sequence"}},
		{"inspect x.pcapng --json -v", [2]string{"--json", "--values"}},
		{"inspect x.pcapng --json --full", [2]string{"--json", "--full"}},
		{"inspect x.pcapng --json --width 60", [2]string{"--json", "--width"}},
		{"inspect x.pcapng --json --color always", [2]string{"--json", "--color"}},
		{"mutants --list --jobs 1", [2]string{"--list", "--jobs"}},
		{"list --session --json", [2]string{"--session", "--json"}},
	} {
		words := strings.Fields(strings.ReplaceAll(test.line, "FILE", written))
		status, out, errs := command(t, words...)
		first, _, _ := strings.Cut(errs, "\n")
		if status != report.ExitUsage || out != "" || !strings.Contains(first, test.both[0]) || !strings.Contains(first, test.both[1]) {
			t.Errorf("%s: expected exit %d and a sentence that names %q, got %d and\n%s%s", test.line, report.ExitUsage, test.both, status, out, errs)
		}
		if _, err := os.Stat(written); err == nil {
			t.Fatalf("%s: expected nothing to be written", test.line)
		}
	}
}

// TestTogether: what can be honoured together is not refused.
func TestTogether(t *testing.T) {
	capture := repository + "/captures/perl-server-perl-client-ikc0"
	for _, line := range []string{
		"inspect " + capture + ".pcapng --stats --json --color never",
		"inspect " + capture + ".pcapng --sequence --width 80 -v --color always",
		"inspect " + capture + ".pcapng --frame 1 --side server --dump --connection 0 --color auto",
		"check " + capture + ".pcapng --json /dev/null --html /dev/null -v",
		"check " + capture + ".pcapng " + capture + ".json --side server",
		"check " + capture + ".pcapng --json - --verbose=false",
	} {
		if status, out, errs := command(t, strings.Fields(line)...); status != report.ExitConformant {
			t.Errorf("%s: expected exit 0, got %d and\n%s%s", line, status, out, errs)
		}
	}
}
