package shown

import (
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// HCIKC are about the client in the dialect IKC.
func HCIKC() []*judge.Check {
	// replies is a check that a client answers lines of a step in one of the ways given.
	replies := func(expected string, ok func(reply string) bool, steps ...dialogue.Ask) judge.Predicate {
		return onClientTurns(func(t *judge.Trial, u dialogue.Turn) {
			if t.Conn.Negotiation.Dialect == wire.IKC && decided(t, u) {
				t.HoldFunc(u.Reply != nil && ok(u.Reply.Text), u.At(), func() (string, string) {
					return expected, replied(u.Reply)
				})
			}
		}, steps...)
	}
	return []*judge.Check{
		{
			ID: "HC-IKC-001", Level: judge.Must, Party: judge.TheClient,
			Requirement: "A client answers each IAM of the server with OK.",
			Source:      "Channel client_000; ClientLite connect", Needs: "an IAM of the server",
			Judge: replies(`"OK"`, func(r string) bool { return r == "OK" }, dialogue.AskIAm),
		},
		{
			ID: "HC-IKC-002", Level: judge.Must, Party: judge.TheClient,
			Requirement: "A client answers DONE with IAM and its unique id (a ClientLite: its name).",
			Source:      "Channel client_000; ClientLite connect", Needs: "a DONE of the server",
			Judge: replies("IAM <kernel id>", isIAm, dialogue.AskDone),
		},
		{
			ID: "HC-IKC-003", Level: judge.Must, Party: judge.TheClient,
			Requirement: "A client answers each OK to its IAM with its next name, and when all have been told, with DONE.",
			Source:      "Channel negociate_001", Needs: "an OK of the server to an IAM",
			Judge: replies("IAM <name> or DONE", func(r string) bool { return isIAm(r) || r == "DONE" }, dialogue.AskOK),
		},
		{
			ID: "HC-IKC-004", Level: judge.Must, Party: judge.TheClient,
			Requirement: "After its DONE a client offers a FREEZER, or says WORLD to use the default.",
			Source:      "Channel client_002; ClientLite connect", Needs: "a DONE of the client",
			Judge: replies("FREEZER <package> or WORLD", func(r string) bool {
				_, offers := wire.ParseFreezer(r)
				return r == "WORLD" || offers
			}, dialogue.AskFollow),
		},
		{
			ID: "HC-IKC-005", Level: judge.Must, Party: judge.TheClient,
			Requirement: "A client whose FREEZER was accepted says WORLD.",
			Source:      "Channel client_002, client_003", Needs: "an OK of the server to a FREEZER",
			Judge: replies(`"WORLD"`, func(r string) bool { return r == "WORLD" }, dialogue.AskFreezer),
		},
		{
			ID: "HC-IKC-006", Level: judge.Must, Party: judge.TheClient,
			Requirement: "A client sends no frame before the server said UP, or in IKC0 before it has sent its SETUP.",
			Source:      "Channel client_003, _negociation_done", Needs: "a frame of the client",
			Judge: judge.OnStart(func(t *judge.Trial) {
				agreed := false
				for _, item := range t.Conn.Items {
					switch item := item.(type) {
					case *dialogue.Line:
						agreed = agreed || item.From == wire.Server && item.Text == "UP" || item.From == wire.Client && wire.IsSetup(item.Text)
						if item.Text == "HELLO" {
							agreed = false
						}
					case *dialogue.Frame:
						if item.From == wire.Client && !t.Conn.Joined && !t.Conn.Negotiation.Partial {
							t.Hold(agreed, item, "UP of the server first", "a frame")
							return
						}
					}
				}
			}),
		},
	}
}
