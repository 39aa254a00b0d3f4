package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/report"
)

// status is what there is to know of an exit status.
type status struct {
	code    int
	meaning string
	// commands are those that end with it.
	commands string
	// why says what leads to it, next what to do.
	why, next []string
}

// exitStatuses lists all there are.
func exitStatuses() []status {
	const judges = "run, matrix, check, report"
	return []status{
		{code: report.ExitConformant, meaning: "conformant; nothing went wrong", commands: "all",
			why: []string{"No check up to the --gate failed, but for known deviations, and at least one was decided."},
			next: []string{
				"Look at what is inconclusive: that was not shown, so it was not judged. 'ikc-conform explain ID' says what it takes.",
			}},
		{code: report.ExitNotConformant, meaning: "not conformant; something got worse; refused", commands: judges + ", report compare, driver-check, mutants, model, oracle, diff, replay, shadow, call, post, subscribe",
			why: []string{
				"run, matrix, check, report: a check up to the --gate failed. It stands under Failures, with what was expected, what came, and where.",
				"run --segmentation: a MUST failed with a segmentation, and is not known to. It stands under Failed with a segmentation.",
				"report compare: a check that passed fails, or is no longer decided.",
				"oracle: a target says something else than the oracle.",
				"replay: something else came back than was recorded, or nothing.",
				"shadow: the other server said something else than the real one, or nothing.",
				"diff: the traffic in one capture is not as that in the other.",
				"driver-check: the driver does not do what conformance/DRIVER.md says.",
				"call, post, subscribe: the other kernel reported an error, or has not published what was asked for.",
			},
			next: []string{
				"'ikc-conform explain ID' says what a check demands, why, and shows real kernels that do it.",
				"'ikc-conform run ... --captures DIR', then 'ikc-conform inspect DIR/FILE', shows all that was said.",
				"What you will not mend is a known deviation of your own: --baseline FILE. --gate must lets SHOULD fail.",
			}},
		{code: report.ExitUsage, meaning: "usage", commands: "all",
			why:  []string{"The command line makes no sense: an unknown command or flag, a missing argument, a value that means nothing there. Nothing was tried."},
			next: []string{"The message says what was expected. 'ikc-conform COMMAND --help' has all flags and examples."}},
		{code: report.ExitBroken, meaning: "the target, the capture or the harness broke", commands: "all",
			why: []string{
				"The target was not reached, ended, or did not answer in time; or the driver did not understand a command.",
				"There is a server, but it speaks another protocol, or says without an end what nobody asked for: what came is quoted.",
				"A capture is no capture, is damaged, or cannot be read.",
				"A file is there already, and is overwritten with --force only; or the disk was full.",
				"It was interrupted, and had nothing to show (130 if it had). serve, record, monitor and inspect --follow end so, with status 0.",
				"call, respond, post, ping, subscribe, monitor: there is no connection, or it was lost.",
				"doctor: something that everything needs is missing.",
			},
			next: []string{
				"This says nothing about conformance: mend it, and try again.",
				"'ikc-conform doctor' says what is missing on this machine, and how to get it.",
				"'ikc-conform driver-check TARGET' tells whether a driver is at fault, 'ikc-conform ping HOST:PORT' whether a server is there.",
				"A target that is slow wants --patience and --timeout; one under a debugger wants --debug.",
			}},
		{code: report.ExitStale, meaning: "a known deviation no longer deviates", commands: judges,
			why: []string{
				"A check is listed as a known deviation of this implementation and release, and it passed.",
				"run --segmentation: this implementation and release is known to depend on the segmentation, and nothing did.",
			},
			next: []string{"Good news: remove it from the file of --baseline (or from conformance/known/deviations.json or sensitivities.json), so that it is noticed if it comes back."}},
		{code: report.ExitNothing, meaning: "nothing was checked", commands: judges + ", oracle, upgrade, diff, replay, shadow",
			why: []string{
				"diff: a capture has no connection of IKC.",
				"oracle: there was no combination that both the target and the oracle could be tried in.",
				"No check could be decided: the capture has no connection of IKC, or only the end of one; --checks, --cells or --side left nothing over; all cells were skipped.",
			},
			next: []string{
				"'ikc-conform inspect FILE' shows what is in a capture. A negotiation must be in it: start to record before the client connects.",
				"Without --checks and --cells everything is tried.",
			}},
		{code: report.ExitSeen, meaning: "conformant as far as seen: a capture is incomplete", commands: judges + ", diff, upgrade, replay, shadow",
			why: []string{
				"shadow: the shadow did not keep up with a connection, or did not wait for a reply to the end.",
				"upgrade: nothing breaks or changes, but the new does not show all that the old does, or has no driver to be told to talk to it.",
				"Nothing failed, but a capture lacks octets, or the start or the end of a connection: what is missing might say otherwise.",
				"Packets were dropped when it was recorded, or cut by a snapshot length; parts were put together in the wrong order; octets were captured twice with different contents; or it began or ended while a connection was open.",
			},
			next: []string{
				"'not in the capture' says what is missing; 'ikc-conform inspect FILE' shows where.",
				"Record again from before the client connects until it has closed: with a larger buffer (tcpdump -B 65536 -s 0), or with 'ikc-conform record', which loses nothing.",
				"A gate that is to take it: treat status 7 as 0.",
			}},
		{code: exitNoticed, meaning: "something was noticed", commands: "diagnose",
			why: []string{
				"diagnose: there is something in the capture that is worth knowing, at least a note. That is no verdict.",
			},
			next: []string{
				"'ikc-conform explain NOTE-012' says what a notice means, 'ikc-conform check FILE' whether anything is wrong by the protocol.",
			}},
		{code: exitNoAnswer, meaning: "no answer in time", commands: "call, respond, post, ping, subscribe",
			why: []string{
				"The kernel was reached, and did not answer within --timeout: it is busy, or the state returns nothing, which IKC does not answer.",
			},
			next: []string{
				"'ikc-conform ping' tells whether it answers at all. A state that returns nothing wants 'ikc-conform post'.",
			}},
		{code: report.ExitInterrupted, meaning: "interrupted: what was found so far", commands: "run, matrix, check, report, inspect, diagnose, oracle, model, mutants, upgrade, diff, replay",
			why: []string{
				"An interrupt (Ctrl-C, SIGTERM) ended the work. The report is of what was found by then, and says that it is partial.",
				"upgrade, diff: there is no report, since half of a comparison is none.",
				"report: one of the stored runs is partial.",
			},
			next: []string{
				"What failed has failed, whatever would have come. What passed did so as far as seen: this is no verdict on the rest.",
				"Again, without an interrupt. 'ikc-conform run --cells', 'ikc-conform matrix --shard' and 'ikc-conform check --host' take less time than all.",
			}},
	}
}

// explainStatus prints what an exit status means.
func explainStatus(w io.Writer, s status) {
	fmt.Fprintf(w, "Exit status %d: %s\n\n  Of:    %s\n", s.code, s.meaning, s.commands)
	explainList(w, "Why:  ", s.why)
	explainList(w, "Next: ", s.next)
}

func explainList(w io.Writer, title string, lines []string) {
	for _, l := range lines {
		fmt.Fprintf(w, "  %s %s\n", title, l)
		title = strings.Repeat(" ", len(title))
	}
}
