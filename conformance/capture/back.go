package capture

import (
	"fmt"
	"time"
)

// Back says that a file goes back in time: its parts are in the wrong order, perhaps, so that what
// is behind may have been sent before, and connections fall to pieces.
type Back struct {
	At    Stamp         // the first packet that is earlier than one before it
	By    time.Duration // how much earlier
	Times int64         // how often that is so in the file
}

// backTolerance is by how much packets may be out of order without that being said: queues of
// network cards, and clocks of merged files, differ.
const backTolerance = time.Second

// watchTime notes whether the packet at hand is earlier than one before it.
func (a *assembler) watchTime() {
	at := a.at.Time
	switch {
	case at.IsZero():
	case a.latest.Sub(at) > backTolerance:
		if b := &a.stats.Back; b.Times == 0 {
			*b = Back{At: a.at, By: a.latest.Sub(at)}
		}
		a.stats.Back.Times++
		a.latest = at // what follows is in order again, or goes back once more
	case at.After(a.latest):
		a.latest = at
	}
}

// String says so, "" if the file does not go back.
func (b Back) String() string {
	if b.Times == 0 {
		return ""
	}
	text := fmt.Sprintf("the file goes back in time at packet %d, by %v", b.At.Packet, b.By.Round(time.Millisecond))
	if b.Times > 1 {
		text += fmt.Sprintf(", and %d more times", b.Times-1)
	}
	return text + ": its parts may be in the wrong order ('reordercap FILE OUT' sorts it)"
}
