package page

import (
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"regexp"
	"sync"

	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// Style is the style sheet of reports.
//
//go:embed style.css
var Style string

//go:embed page.tmpl
var text string

var parsed = sync.OnceValues(func() (*template.Template, error) { return template.New("page").Parse(text) })

// Tone says how something looks: a class of the style sheet.
type Tone string

// The tones.
const (
	Pass  Tone = "pass"
	Fail  Tone = "fail"
	Known Tone = "known" // a warning
	Open  Tone = "open"  // neither good nor bad
)

// icons stand for tones.
var icons = map[Tone]string{Pass: "✓", Fail: "✕", Known: "!", Open: "≠"}

// Page is what is shown. Strings may hold anything: they are escaped.
type Page struct {
	// Kind names the report, in small letters.
	Kind string
	Tone Tone
	// Heading is the result in a few words, Lead a sentence about it.
	Heading, Lead string
	Facts         []Fact
	Sections      []Section
	// Warnings say why the result may not be all.
	Warnings []string
	// Links are the URLs of pages about checks and notices, by the ids of these. Where Heading, or the
	// title of an entry, names one that is there, it leads to its page.
	Links map[string]string
}

// Piece is a piece of a text, which leads to URL if that is not empty.
type Piece struct{ Text, URL string }

// word is what an id may be.
var word = regexp.MustCompile(`[A-Z0-9]+(?:-[A-Z0-9]+)+`)

// Linked is a text in pieces, with the links that there are.
func (p *Page) Linked(text string) (pieces []Piece) {
	done := 0
	for _, at := range word.FindAllStringIndex(text, -1) {
		if url := p.Links[text[at[0]:at[1]]]; url != "" {
			pieces = append(pieces, Piece{Text: text[done:at[0]]}, Piece{text[at[0]:at[1]], url})
			done = at[1]
		}
	}
	return append(pieces, Piece{Text: text[done:]})
}

// Fact is a name and a value.
type Fact struct{ Name, Value string }

// Section is a list of entries, or a table, or both. One without any is not shown.
type Section struct {
	Title, About string
	Entries      []Entry
	Table        Table
}

// Entry is a thing that was found.
type Entry struct {
	Tone Tone
	// Word says in one word what it is; Title where, and Text what.
	Word, Title, Text string
	Lines             []Line
}

// Line is a line of what was, "-", of what is, "+", or of both, " ".
type Line struct{ Sign, Text string }

// Tone is how the line looks.
func (l Line) Tone() Tone { return map[string]Tone{"-": Pass, "+": Fail}[l.Sign] }

// Table is a table. Cells behind the first Left are numbers.
type Table struct {
	Head []string
	Left int
	Rows [][]string
}

// Icon stands for the tone.
func (p *Page) Icon() string { return icons[p.Tone] }

// Icon stands for the tone.
func (e Entry) Icon() string { return icons[e.Tone] }

// Style is the style sheet of the page.
func (p *Page) Style() template.CSS { return template.CSS(Style) }

// Write writes the page. of names the package in errors.
func (p *Page) Write(w io.Writer, of string) error {
	t, err := parsed()
	if err != nil {
		return fmt.Errorf("%s: page: %w", of, err)
	}
	shown := visible.NewWriter(w)
	if err := errors.Join(t.Execute(shown, visible.Copy(p)), shown.Flush()); err != nil {
		return fmt.Errorf("%s: page: %w", of, err)
	}
	return nil
}
