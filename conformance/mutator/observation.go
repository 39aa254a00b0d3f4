package mutator

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"regexp"
	"strconv"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// observation is what real Perl was given in a play and what it returned, as far as that is the
// same in every play: what its driver told, and what it said on the wire.
type observation struct {
	by wire.Serializer
	// channels are what was seen, in order, by where: states, answers, what was said on a
	// connection.
	channels map[string][]string
	// commands are those of the driver, by their ids.
	commands map[int64]string
	// names are what differs from play to play and means the same, by what stands for it.
	names map[string]string
}

func newObservation(by wire.Serializer) *observation {
	return &observation{by: by, channels: map[string][]string{}, commands: map[int64]string{}, names: map[string]string{}}
}

func (o *observation) add(channel, text string) {
	o.channels[channel] = append(o.channels[channel], text)
}

// driver sees a line of the driver protocol.
func (o *observation) driver(line driver.Line) {
	var l struct {
		ID    int64  `json:"id"`
		Cmd   string `json:"cmd"`
		Event string `json:"event"`
		Pid   int    `json:"pid"`
		OK    *struct {
			Pid int `json:"pid"`
		} `json:"ok"`
	}
	if json.Unmarshal(line.Text, &l) != nil {
		return
	}
	if l.OK != nil && l.OK.Pid != 0 {
		o.names[strconv.Itoa(l.OK.Pid)] = "PID"
	}
	switch {
	case !line.FromDriver:
		o.commands[l.ID] = l.Cmd
	case l.Event != "":
		o.add(l.Event+" events", sorted(line.Text))
	case o.commands[l.ID] == "hello":
	default:
		o.add("answers of the driver", o.commands[l.ID]+" "+trace.ReplaceAllString(idOf.ReplaceAllString(sorted(line.Text), ""), ""))
	}
}

// idOf is the id of an answer, trace where in its own code a program failed.
var (
	idOf  = regexp.MustCompile(`"id":\d+,?`)
	trace = regexp.MustCompile(` at /[^"]* line \d+[^"]*`)
)

// sorted is a JSON text with its keys sorted.
func sorted(text []byte) string {
	var v any
	if json.Unmarshal(text, &v) != nil {
		return string(text)
	}
	out, err := json.Marshal(v)
	if err != nil {
		return string(text)
	}
	return string(out)
}

// said sees what real Perl says on a connection.
func (o *observation) said(conn int, u *unit) {
	if !u.frame {
		o.learn(u)
		o.add(fmt.Sprintf("lines of connection %d", conn), strings.TrimSpace(string(u.octets)))
		return
	}
	text := fmt.Sprintf("%q", u.image)
	if v := u.message(o.by); v != nil {
		if encoded, err := typed.Encode(v); err == nil {
			text = string(encoded)
		}
	}
	o.add(fmt.Sprintf("messages of connection %d", conn), text)
}

// heard sees what the other side says, before it is mutated.
func (o *observation) heard(_ int, u *unit) {
	if !u.frame {
		o.learn(u)
	}
}

// learn takes names from a line of a negotiation.
func (o *observation) learn(u *unit) {
	if m := processID.FindSubmatch(u.octets); m != nil {
		o.names[string(m[1])] = "PID"
	}
	for _, id := range kernelID.FindAllString(string(u.octets), -1) {
		if o.names[id] == "" {
			o.names[id] = fmt.Sprintf("KERNEL%d", len(o.names))
		}
	}
}

// ended sees how real Perl ended its side of a connection.
func (o *observation) ended(conn int, how string, left int) {
	if left > 0 {
		how += " in the middle of something"
	}
	o.add(fmt.Sprintf("end of connection %d", conn), how)
}

// What differs from play to play.
var (
	processID = regexp.MustCompile(`\bPID=(\d+)`)
	kernelID  = regexp.MustCompile(`[\w.]+(?:-[\w.]+)*-[0-9a-f]{8}-[0-9a-f]{8}(?:-[0-9a-f]{8})?`)
	varies    = regexp.MustCompile(`0x[0-9a-f]+|127\.0\.0\.1:\d+|\b\d+\b|` + kernelID.String())
)

// longest is how much of a text is kept.
const longest = 600

// conclude has everything that differs from play to play be the same.
func (o *observation) conclude() {
	for channel, list := range o.channels {
		for i, text := range list {
			text = varies.ReplaceAllStringFunc(text, func(s string) string {
				switch name := o.names[s]; {
				case name != "":
					return name
				case strings.HasPrefix(s, "0x"):
					return "0xADDRESS"
				case strings.HasPrefix(s, "127.0.0.1:"):
					return "127.0.0.1:PORT"
				}
				return s
			})
			if len(text) > longest {
				sum := fnv.New64a()
				_, _ = sum.Write([]byte(text))
				text = fmt.Sprintf("%s...%x", text[:longest], sum.Sum(nil))
			}
			list[i] = text
		}
		o.channels[channel] = list
	}
}
