package judge

import (
	"fmt"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// maxLacks is of how many connections it is said what the capture lacks; the rest is counted.
const maxLacks = 10

// lack notes something that the capture lacks.
func (j *judge) lack(what string) {
	if len(j.lacks) < maxLacks {
		j.lacks = append(j.lacks, what)
	} else {
		j.lackMore++
	}
}

func (j *judge) lackList() []string {
	if j.lackMore == 0 {
		return j.lacks
	}
	return append(j.lacks, fmt.Sprintf("octets of %d more connections", j.lackMore))
}

// note notes what the capture lacks of a connection. One that began as something else is none of
// our business.
func (j *judge) note(c *dialogue.Connection) {
	lost := c.Losses
	switch {
	case c.Control != nil && c.Control.Partial != "":
		j.lack(fmt.Sprintf("connection %d, of a driver: %s", c.Conn.Index, c.Control.Partial))
		return
	case len(lost) == 0 || !c.IsIKC && c.Control == nil && !c.MayBeIKC():
		return
	}
	var said []string
	var gaps [2]int
	for _, l := range lost {
		switch l.Kind {
		case dialogue.LostStart:
			if l.From == wire.Client {
				said = append(said, "the start")
			}
		case dialogue.LostEnd:
			what := "the end of the " + l.From.String()
			if n := len(said); n > 0 && said[n-1] == "the end of the "+l.From.Other().String() {
				said[n-1] = "the end"
				continue
			}
			said = append(said, what)
		default:
			if gaps[l.From]++; gaps[l.From] == 1 {
				said = append(said, fmt.Sprintf("octets of the %s from packet %d on (%s)", l.From, l.At.Packet, l.Text))
			}
		}
	}
	text := fmt.Sprintf("connection %d (%s to %s): %s", c.Conn.Index, c.Conn.End(capture.FromClient), c.Conn.End(capture.FromServer), strings.Join(said, ", "))
	if n := gaps[0] + gaps[1]; n > 1 {
		text += fmt.Sprintf("; %d gaps in all", n)
	}
	j.lack(text)
}
