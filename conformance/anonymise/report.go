package anonymise

import (
	_ "embed" // schema.json
	"fmt"
	"io"
	"strings"

	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// SchemaID names the schema of what WriteJSON writes.
const SchemaID = "https://github.com/perl-ikc/ikc-conform/conformance/anonymise/schema.json"

// Schema is the JSON Schema (draft 2020-12) of what WriteJSON writes.
//
//go:embed schema.json
var Schema []byte

// WriteJSON writes it for programs.
func (r *Result) WriteJSON(w io.Writer) error {
	return visible.WriteJSON(w, "anonymise", r)
}

// keptWidth is how many columns the lines of words have at most.
const keptWidth = 100

// What stays in any case, and what stays in a capture of ours.
const (
	keptAlways      = "0, 1, -1, times, lengths, what stands between words, version strings,"
	keptConformance = "The capture holds the conformance session of ikc-conform, so that its words and values are kept too."
)

// leftOut is what is not in the new capture, and how often it was in the old one.
type leftOut struct {
	what string
	n    int64
}

func (r *Result) leftOut() (list []leftOut) {
	for _, l := range []leftOut{{"packets that are no TCP, or cannot be decoded", r.Dropped}, {"comments on packets", int64(r.Comments)}} {
		if l.n > 0 {
			list = append(list, l)
		}
	}
	return list
}

// WriteText writes it for people: first what was replaced, then what was not.
func (r *Result) WriteText(w io.Writer) error {
	r = visible.Copy(r)
	var b strings.Builder
	fmt.Fprintf(&b, "Connections: %d, messages: %d; different words that were replaced: %d, besides numbers and addresses.\n",
		r.Connections, r.Messages, r.Words)
	if len(r.Differences) == 0 {
		fmt.Fprintf(&b, "All is as it was in verdicts (%d) and diagnoses (%d).\n", r.Verdicts, r.Diagnoses)
	} else {
		b.WriteString("It is judged otherwise than the original:\n")
	}
	for _, d := range r.Differences {
		fmt.Fprintln(&b, " ", d)
	}
	if r.Blanked > 0 {
		fmt.Fprintf(&b, "%d octets are not understood, and blanked:\n", r.Blanked)
		for _, reason := range r.Reasons {
			fmt.Fprintln(&b, " ", reason)
		}
	}
	for _, d := range r.leftOut() {
		fmt.Fprintf(&b, "Left out: %s: %d.\n", d.what, d.n)
	}
	b.WriteString("Kept: " + keptAlways + " and these words, with how often each is there:\n")
	line := " "
	for _, k := range r.Kept {
		word := fmt.Sprintf(" %s %d,", k.Word, k.Count)
		if len(line)+len(word) > keptWidth {
			fmt.Fprintln(&b, line)
			line = " "
		}
		line += word
	}
	fmt.Fprintln(&b, strings.TrimSuffix(line, ","))
	if r.Conformance {
		b.WriteString(keptConformance + "\n")
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("anonymise: %w", err)
	}
	return nil
}
