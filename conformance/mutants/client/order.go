package client

import (
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// orderDefects are of what several connections ask at the same time.
func orderDefects() []*Behaviour {
	const server, ikc0 = "server", "IKC0"
	isCount := func(m *wire.Message) bool { return isAnswer(m) && m.Params.Kind() == perl.Int && m.Params.Int() > 0 }
	counts := func(as func(n int64) int64) func(*wire.Message) []*wire.Message {
		return when(isCount, func(m *wire.Message) { m.Params = perl.NewInt(as(m.Params.Int())) })
	}
	return []*Behaviour{
		{Name: "requests at the same time", Text: "A state runs for requests at the same time: several get the same count.", Kills: []string{"ORD-001"}, Role: server, Dialect: ikc0,
			message: counts(func(n int64) int64 { return (n + 7) / 8 })},
		{Name: "last come, first served", Text: "What was asked later runs first.", Kills: []string{"ORD-002"}, Role: server, Dialect: ikc0,
			message: counts(func(n int64) int64 { return 1000 - n })},
		{Name: "sessions run at the same time", Text: "A kernel runs states of different sessions at the same time.", Kills: []string{"ORD-003"}, Role: server, Dialect: ikc0, concurrent: true},
		{Name: "deaf while busy", Text: "What comes while a state takes its time gets no answer.", Kills: []string{"ORD-004"}, Role: server, Dialect: ikc0,
			message: func(m *wire.Message) []*wire.Message {
				if s, _ := m.Params.AsString(); isAnswer(m) && strings.HasPrefix(s, contract.MeanwhileMark) {
					return nil
				}
				return []*wire.Message{m}
			}},
	}
}
