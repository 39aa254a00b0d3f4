package wireshark_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
)

// message is what both decoders say of a frame.
type message struct {
	Kind, Event, Sender, RSVP, Params string
	WantArray, IsError                bool
	Octets, Answers                   int
	Took                              float64
}

// field is an element of tshark's PDML.
type field struct {
	Name   string  `xml:"name,attr"`
	Show   string  `xml:"show,attr"`
	Fields []field `xml:"field"`
	Protos []field `xml:"proto"`
}

func (f *field) walk(visit func(*field)) {
	visit(f)
	for i := range f.Fields {
		f.Fields[i].walk(visit)
	}
	for i := range f.Protos {
		f.Protos[i].walk(visit)
	}
}

// dissect runs tshark with the dissector, and gives the messages by stream, side and number, and
// the lines of each stream.
func dissect(t *testing.T, path string) (messages map[string]message, lines map[string][]string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	// Exactly this dissector, and not one that is installed.
	cmd := exec.CommandContext(ctx, "tshark", "-X", "lua_script:ikc.lua", "-r", path, "-T", "pdml", "-J", "tcp ikc", "-Y", "ikc")
	cmd.Env = append(cmd.Environ(), "HOME="+t.TempDir(), "XDG_CONFIG_HOME=", "WIRESHARK_CONFIG_DIR="+t.TempDir())
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark: %v: %s", err, errs.String())
	}
	messages, lines = map[string]message{}, map[string][]string{}
	dec := xml.NewDecoder(bytes.NewReader(out))
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return messages, lines
		}
		if err != nil {
			t.Fatal(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "packet" {
			continue
		}
		var packet field
		if err := dec.DecodeElement(&packet, &start); err != nil {
			t.Fatal(err)
		}
		stream := ""
		packet.walk(func(f *field) {
			switch f.Name {
			case "tcp.stream":
				stream = f.Show
			case "ikc.line":
				lines[stream] = append(lines[stream], f.Show)
			case "ikc.frame":
				key, m := ofFrame(t, f)
				messages[stream+" "+key] = m
			case "_ws.lua.error", "_ws.expert.message":
				if strings.Contains(f.Show, "Lua Error") {
					t.Errorf("%s: %s", path, f.Show)
				}
			}
		})
	}
}

func ofFrame(t *testing.T, f *field) (key string, m message) {
	side, number := "", ""
	f.walk(func(f *field) {
		switch f.Name {
		case "ikc.side":
			side = f.Show
		case "ikc.frame_number":
			number = f.Show
		case "ikc.length":
			m.Octets = atoi(t, f.Show)
		case "ikc.kind":
			m.Kind = f.Show
		case "ikc.event":
			m.Event = f.Show
		case "ikc.from":
			m.Sender = f.Show
		case "ikc.rsvp":
			m.RSVP = f.Show
		case "ikc.params":
			m.Params = f.Show
		case "ikc.wantarray":
			m.WantArray = true
		case "ikc.is_error":
			m.IsError = true
		case "ikc.answers":
			m.Answers = atoi(t, f.Show)
		case "ikc.response_time":
			m.Took, _ = strconv.ParseFloat(f.Show, 64)
		}
	})
	return side + " " + number, m
}

func atoi(t *testing.T, s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Errorf("expected a number, got %q", s)
	}
	return n
}

// own reads the capture with our decoder, as inspect --json does.
func own(t *testing.T, path string) (messages map[string]message, lines map[string][]string, text map[string]bool) {
	t.Helper()
	r, err := capture.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b bytes.Buffer
	err = dialogue.Read(r.Events(capture.Limits{}), dialogue.Options{}, func(c *dialogue.Connection) {
		if err := dialogue.WriteJSON(&b, c); err != nil {
			t.Fatal(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	messages, lines, text = map[string]message{}, map[string][]string{}, map[string]bool{}
	dec := json.NewDecoder(&b)
	serializer := ""
	for dec.More() {
		var item struct {
			Type, From, Line, Kind, Event, Sender, RSVP, Serializer string
			Connection, Frame, Octets, Answers                      int
			WantArray                                               bool    `json:"wantarray"`
			IsError                                                 bool    `json:"is_error"`
			Took                                                    float64 `json:"seconds"`
			Params                                                  json.RawMessage
		}
		if err := dec.Decode(&item); err != nil {
			t.Fatal(err)
		}
		stream := strconv.Itoa(item.Connection)
		switch item.Type {
		case "connection":
			serializer = item.Serializer
		case "line":
			lines[stream] = append(lines[stream], item.Line)
		case "frame": // whose image is no message
			messages[fmt.Sprintf("%s %s %d", stream, item.From, item.Frame)] = message{Octets: item.Octets}
		case "message":
			key := fmt.Sprintf("%s %s %d", stream, item.From, item.Frame)
			kind := strings.TrimPrefix(item.Kind, "proxied ")
			if kind == "subscribe request" {
				kind = "call"
			}
			messages[key] = message{Kind: kind, Event: item.Event, Sender: item.Sender, RSVP: item.RSVP, Params: string(item.Params),
				WantArray: item.WantArray, IsError: item.IsError, Octets: item.Octets, Answers: item.Answers, Took: item.Took}
			text[key] = serializer != "Storable"
		}
	}
	return messages, lines, text
}

// TestAgreesWithInspect holds the dissector against our own decoder on every message of every
// capture here.
func TestAgreesWithInspect(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skipf("tshark is not here: %v (Debian: apt-get install tshark)", err)
	}
	var paths []string
	err := filepath.WalkDir("../captures", func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".pcapng") {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var total atomic.Int64
	t.Cleanup(func() {
		t.Logf("%d messages in %d captures", total.Load(), len(paths))
		if total.Load() == 0 {
			t.Error("expected messages to compare")
		}
	})
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".pcapng"), func(t *testing.T) {
			t.Parallel()
			want, wantLines, text := own(t, path)
			got, gotLines := dissect(t, path)
			for stream, lines := range wantLines {
				if g := gotLines[stream]; strings.Join(g, "\n") != strings.Join(lines, "\n") {
					t.Errorf("lines of connection %s: got %q, expected %q", stream, g, lines)
				}
			}
			if len(got) != len(want) {
				t.Errorf("%d frames, expected %d", len(got), len(want))
			}
			for key, w := range want {
				total.Add(1)
				g := got[key]
				if math.Abs(g.Took-w.Took) < 2e-6 { // tshark subtracts doubles
					g.Took = w.Took
				}
				if text[key] { // their images are shown as text
					w = message{Octets: w.Octets}
				}
				if g != w {
					t.Errorf("connection, side and frame %s:\n got      %+v\n expected %+v", key, g, w)
				}
			}
		})
	}
}

// TestExpertInfo: a call without an answer is marked when the capture has been read once, and only
// such a call; so is an error report.
func TestExpertInfo(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skipf("tshark is not here: %v (Debian: apt-get install tshark)", err)
	}
	for path, want := range map[string]string{
		"../captures/field/b13-dies.pcap":                     "1 no answer to this call is in the capture",
		"../captures/field/b29-shift.pcap":                    "1 no answer to this call, or to another with its rsvp,",
		"../captures/field/b03-unpublished.pcap":              "1 Error report",
		"../conformance/diagnosis/testdata/undef.pcapng":      "1 no answer to this call is in the capture",
		"../conformance/diagnosis/testdata/wide.pcapng":       "0 ",
		"../captures/perl-server-perl-clientlite-ikc0.pcapng": "",
	} {
		out, err := exec.Command("tshark", "-2", "-X", "lua_script:ikc.lua", "-r", path, "-q", "-z", "expert").CombinedOutput()
		if err != nil {
			t.Fatalf("%s: tshark: %v: %s", path, err, out)
		}
		count, text, _ := strings.Cut(want, " ")
		got := 0
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, "Lua Error") {
				t.Errorf("%s: %s", path, line)
			}
			if fields := strings.Fields(line); len(fields) > 2 && fields[2] == "IKC" {
				got += atoi(t, fields[0])
				if want != "" && !strings.Contains(line, text) {
					t.Errorf("%s: expected %q, got %s", path, text, line)
				}
			}
		}
		if want != "" && strconv.Itoa(got) != count {
			t.Errorf("%s: expected %s of expert info, got %d: %s", path, count, got, out)
		}
	}
}
