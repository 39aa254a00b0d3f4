package checks

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// FuzzJudge: no conversation makes a check panic, or an outcome disagree with its evidence.
func FuzzJudge(f *testing.F) {
	frame := func(m *wire.Message) string {
		image, err := storable.Freeze(m.ToValue())
		if err != nil {
			f.Fatal(err)
		}
		return string(wire.AppendFrame(nil, image))
	}
	b := perl.NewBytes
	call := func(session, state string, params *perl.Value) string {
		return frame(&wire.Message{Event: at("s", session, state), Params: params, From: at("c", "app", "IKC:proxy"), RSVP: at("c", "app", state)})
	}
	answer := func(state string, params *perl.Value) string {
		return frame(&wire.Message{Event: at("c", "app", state), Params: params, From: at("s", contract.SessionAlias, "IKC:proxy")})
	}
	requests := call("IKC", "ping", b("PING")) + call("IKC", "do_you_have", perl.ArrayRef(b("poe://s/"+contract.SessionAlias), b("c"))) +
		call(contract.SessionAlias, "echo", perl.ArrayRef(b("x"))) + call(contract.SessionAlias, "list", nil) + call(contract.SessionAlias, "args", b("x")) +
		call(contract.SessionAlias, "count", nil) + call(contract.SessionAlias, "sender", b("x")) + call(contract.AbsentSession, "state", b("x"))
	replies := answer("ping", b("PONG")) + answer("do_you_have", perl.ArrayRef(perl.HashRef(), b("s"))) + answer("echo", perl.ArrayRef(b("y"))) +
		answer("list", nil) + answer("args", perl.ArrayRef()) + answer("count", perl.NewInt(1)) +
		frame(&wire.Message{Event: at("c", "IKC", "remote_error"), IsError: true, Params: perl.ArrayRef(b("x.  Request poe://s/"+contract.AbsentSession+"/state"), nil, b("check"))})
	f.Add([]byte("SETUP KERNEL=c,C;FREEZER=Storable\r\n"+requests), []byte("SETUP KERNEL=s,S;FREEZER=Storable\r\n"+replies), uint8(20))
	f.Add([]byte("HELLO\r\nOK\r\nOK\r\nIAM c\r\nDONE\r\nFREEZER Storable\r\nWORLD\r\n"+requests), []byte("IAM s\r\nIAM t\r\nDONE\r\nOK\r\nOK\r\nUP\r\n"+replies), uint8(3))
	f.Add([]byte("SETUP \r\nHELLO IKC1\r\nFREEZER \r\nIAM \r\n"), []byte("NOT\r\nSETUP ;\r\nIAM \r\n\r\n"), uint8(9))
	f.Add([]byte(requests), []byte(replies), uint8(50))
	f.Fuzz(func(t *testing.T, client, server []byte, piece uint8) {
		var file bytes.Buffer
		w, err := capture.NewWriter(&file, capture.Meta{})
		if err != nil {
			t.Fatal(err)
		}
		iface, err := w.Interface("fuzz", "")
		if err != nil {
			t.Fatal(err)
		}
		when := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
		r, err := w.Open(iface, netip.MustParseAddrPort("192.0.2.1:50000"), netip.MustParseAddrPort("192.0.2.2:603"), when)
		if err != nil {
			t.Fatal(err)
		}
		for len(client)+len(server) > 0 {
			for _, side := range []struct {
				from   capture.Direction
				octets *[]byte
			}{{capture.FromClient, &client}, {capture.FromServer, &server}} {
				if n := min(int(piece)+1, len(*side.octets)); n > 0 {
					when = when.Add(time.Second / 2)
					if err := r.Data(side.from, (*side.octets)[:n], when); err != nil {
						t.Fatal(err)
					}
					*side.octets = (*side.octets)[n:]
				}
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		judged(t, file.Bytes(), dialogue.Options{AssumeIKC: piece&1 != 0, MaxFrame: 1 << 20}, false)
	})
}
