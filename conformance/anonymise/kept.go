package anonymise

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// kept is what stays as it is.
type kept struct {
	words   map[string]bool
	numbers map[number]bool
	doubles map[float64]bool
}

// protocolWords are IKC's own: of the negotiation, the keys of messages, its sessions and states,
// its serializers, and how it words its error reports. They are no secret of anybody's; whoever has
// a session of such a name keeps that too.
const protocolWords = `
SETUP KERNEL FREEZER PID HELLO IAM OK DONE NOT WORLD UP IKC IKC0 PING PONG
event params rsvp from errors_to wantarray is_error kernel session state poe is_rsvp_request ikc
IKCLite ping pong do_you_have remote_error response receipt proxy arg
register unregister subscribe unsubscribe post call request check resolve invocation
POE Component Freezer VAR1 Storable FreezeThaw Data Dumper
Session State is not available for remote kernels has published Request sent by Refused subscription to
isn t a valid specifier unix`

// driverWords are what the driver protocol says of monitors, besides what its schema has.
const driverWords = `channel shutdown error ready close local read`

var protocolKept = sync.OnceValue(func() *kept {
	k := &kept{words: map[string]bool{}, numbers: map[number]bool{}, doubles: map[float64]bool{}}
	k.add(protocolWords)
	return k
})

// conformanceKept are what stays besides in captures of the conformance session: what the harness
// and its checks agree on.
var conformanceKept = sync.OnceValue(func() *kept {
	k := &kept{words: maps.Clone(protocolKept().words), numbers: map[number]bool{}, doubles: map[float64]bool{}}
	k.schema(driver.Schema)
	k.add(driverWords)
	for _, s := range []string{contract.ServerName, contract.ClientName, contract.ProbeName, contract.Namesake} {
		k.add(strings.Join([]string{s, s + contract.TooSuffix, s + contract.EndedSuffix}, " "))
	}
	k.add(strings.Join([]string{contract.LocalMark, contract.AllMark, contract.LastWords, contract.AwaitedMark, contract.CountedKey,
		contract.MeanwhileMark, contract.FirstGone, contract.AnotherCame, contract.SessionAlias, contract.AbsentSession,
		contract.ProbeSession, contract.AnswerState, contract.OnceState, contract.CrowdSession, contract.SlowSession,
		contract.NamesakeSession, contract.SlowState, contract.ReplyState}, " "))
	for name := range contract.SessionStates() {
		k.add(name)
	}
	for _, v := range append(contract.EchoValues(), contract.SessionList()...) {
		walk.Contains(v, func(v *perl.Value) bool {
			k.value(v)
			return false
		})
	}
	return k
})

// schema keeps what the driver protocol says itself: the names of its fields, and the values that a
// field has one of.
func (k *kept) schema(text []byte) {
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for name, e := range v {
				fields, _ := e.(map[string]any)
				list, _ := e.([]any)
				switch one, _ := e.(string); name {
				case "properties", "patternProperties", "$defs":
					for field := range fields {
						k.add(field)
					}
				case "enum", "required":
					k.add(strings.TrimSpace(fmt.Sprintln(list...)))
				case "const":
					k.add(one)
				}
				walk(e)
			}
		}
	}
	var schema any
	if err := json.Unmarshal(text, &schema); err == nil { // it is ours
		walk(schema)
	}
}

func (k *kept) value(v *perl.Value) {
	switch v.Kind() {
	case perl.Int:
		n := v.Int()
		if n < 0 {
			k.numbers[number{-uint64(n), true}] = true
		} else {
			k.numbers[number{uint64(n), false}] = true
		}
	case perl.Uint:
		k.numbers[number{v.Uint(), false}] = true
	case perl.Double:
		k.doubles[v.Double()] = true
	}
	switch v.Kind() {
	case perl.Bytes, perl.Text:
		k.characters(charactersOf(v.Str(), v.Kind() == perl.Text))
	}
	k.characters(charactersOf(v.Class(), false))
	for _, p := range v.Pairs() {
		k.characters(charactersOf(p.Key, p.Flags&perl.KeyUTF8 != 0))
	}
}

// charactersOf are the characters of a string: those of UTF-8, or octets.
func charactersOf(s string, text bool) (list []uint64) {
	for len(s) > 0 {
		c, n := uint64(s[0]), 1
		if text {
			if c, n = perl.DecodeCharacter(s); n == 0 {
				return list
			}
		}
		list, s = append(list, c), s[n:]
	}
	return list
}

// add keeps the words of a text.
func (k *kept) add(text string) { k.characters(charactersOf(text, true)) }

func (k *kept) characters(s []uint64) {
	for i := 0; i < len(s); {
		end := i
		for end < len(s) && isWord(s[end]) {
			end++
		}
		if end > i {
			word := plain(s[i:end])
			k.words[word] = true
			if stem := strings.TrimRight(word, "0123456789"); stem != "" {
				k.words[stem] = true
			}
		}
		i = max(end, i+1)
	}
}
