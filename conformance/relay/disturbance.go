package relay

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
)

// Disturbance is a Fault of all connections in words, of which each has a name and a value. The
// zero Disturbance does nothing, to both sides.
type Disturbance struct {
	fault Fault
	side  string // "", client, server or both: whose octets
}

// Word is a word of a Disturbance.
type Word struct {
	// Name is its name, Off the value that does nothing, Kind what its value is, Text what it does.
	Name, Off, Kind, Text string
}

// The words that end something, by End.
var endWords = [...]string{Reset: "reset-after", HalfClose: "half-close", Stall: "stall", Blackhole: "blackhole"}

// Words are all that a Disturbance may be told.
func Words() []Word {
	return []Word{
		{"latency", "0s", "DURATION", "pass on what comes so much later, such as 50ms"},
		{"jitter", "0s", "DURATION", "make the latency more or less by up to so much; octets stay in order"},
		{"bandwidth", "0", "OCTETS", "pass on so many octets a second of each connection and side; 0 is no limit"},
		{"split", "0", "OCTETS", "pass on at most so many octets at once, a millisecond apart; 0 is as they come"},
		{"reset-after", "off", "OCTETS", "reset a connection once a side has had so many octets passed on"},
		{"half-close", "off", "OCTETS", "close the direction of a side once it has had so many octets passed on"},
		{"stall", "off", "OCTETS", "hold what a side says behind so many octets, until that is off again"},
		{"blackhole", "off", "OCTETS", "swallow what a side says behind so many octets"},
		{"side", "both", "SIDE", "disturb what this side says: client, server or both"},
	}
}

// Set has a word mean a value. The error says what was expected.
func (d *Disturbance) Set(name, value string) error {
	if i := slices.Index(endWords[:], name); i > 0 {
		return d.setEnd(End(i), value)
	}
	var err error
	switch name {
	case "latency":
		d.fault.Latency, err = duration(value)
	case "jitter":
		d.fault.Jitter, err = duration(value)
	case "bandwidth":
		d.fault.Bandwidth, err = octets(value)
	case "split":
		var n int64
		n, err = octets(value)
		d.fault.Split, d.fault.Pause = int(n), time.Millisecond
	case "side":
		if value != "client" && value != "server" && value != "both" {
			return fmt.Errorf("side: expected client, server or both, got %q", value)
		}
		d.side = value
	default:
		return fmt.Errorf("expected one of %s, got %q", strings.Join(names(), ", "), name)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (d *Disturbance) setEnd(end End, value string) error {
	if value == "off" {
		if d.fault.End == end {
			d.fault.End, d.fault.After = None, 0
		}
		return nil
	}
	n, err := octets(value)
	if err != nil {
		return fmt.Errorf("%s: %w, or off", endWords[end], err)
	}
	if other := d.fault.End; other != None && other != end {
		return fmt.Errorf("%s and %s: expected one of the two, or %[2]s off before", endWords[end], endWords[other])
	}
	d.fault.End, d.fault.After = end, n
	return nil
}

func names() (out []string) {
	for _, w := range Words() {
		out = append(out, w.Name)
	}
	return out
}

// most bounds what is waited for: an hour, and what octets can be.
const most = time.Hour

func duration(value string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 || d > most {
		return 0, fmt.Errorf("expected a duration such as 50ms, of at most %v, got %q", most, value)
	}
	return d, nil
}

func octets(value string) (int64, error) {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 0 || n > 1<<40 {
		return 0, fmt.Errorf("expected a number of octets from 0 to 2^40, got %q", value)
	}
	return n, nil
}

// maxWords bounds the lines that Read takes.
const maxWords = 100

// Read reads words that come on top of those that d has, a name and a value in each line, such as
// "latency 50ms". What begins with # is a comment. The error names the line.
func (d Disturbance) Read(r io.Reader) (Disturbance, error) {
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if len(words) != 2 || number > maxWords {
			return d, fmt.Errorf("line %d: expected a name and a value, such as: latency 50ms, in at most %d lines; got %q", number, maxWords, lines.Text())
		}
		if err := d.Set(words[0], words[1]); err != nil {
			return d, fmt.Errorf("line %d: %w", number, err)
		}
	}
	if err := lines.Err(); err != nil {
		return d, fmt.Errorf("expected lines of at most %d octets: %w", bufio.MaxScanTokenSize, err)
	}
	return d, nil
}

// Fault is what it does to a direction, as Relay.Disturb takes it.
func (d Disturbance) Fault(_ int, from capture.Direction) Fault {
	if d.side == "client" && from != capture.FromClient || d.side == "server" && from != capture.FromServer {
		return Fault{}
	}
	return d.fault
}

// String shows the words that do something, "nothing" if none does.
func (d Disturbance) String() string {
	var out []string
	add := func(is bool, name string, value any) {
		if is {
			out = append(out, fmt.Sprintf("%s %v", name, value))
		}
	}
	f := d.fault
	add(f.Latency > 0, "latency", f.Latency)
	add(f.Jitter > 0, "jitter", f.Jitter)
	add(f.Bandwidth > 0, "bandwidth", f.Bandwidth)
	add(f.Split > 0, "split", f.Split)
	add(f.End != None, endWords[f.End], f.After)
	if len(out) == 0 {
		return "nothing"
	}
	add(true, "side", cmp.Or(d.side, "both"))
	return strings.Join(out, ", ")
}
