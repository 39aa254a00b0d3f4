package report

import (
	"fmt"
	"html"
	"html/template"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
)

// diagram draws an exchange as a sequence diagram: inline SVG, coloured by the style sheet of the
// page. The wide form has times and octets beside the lifelines, the narrow one, for phones, above
// each arrow.
type diagram struct {
	steps []dialogue.Step
	// tested is the side under test; good: the exchange shows agreement, not a violation.
	tested string
	good   bool
	narrow bool

	width, left, right int // left and right are the lifelines
	rows               []diagramRow
	height             int
	b                  strings.Builder
}

// diagramRow is where a step stands: its top, and its arrow.
type diagramRow struct {
	top, arrow, bottom int
	title              []string
}

const (
	wideWidth, narrowWidth = 860, 340
	headHeight             = 46
	lineHeight             = 16
	// charWidth is about that of the title's letters, and monoWidth that of the parameters', in
	// tenths of a pixel.
	charWidth, monoWidth = 68, 72
)

func (d *diagram) draw() template.HTML {
	d.width, d.left, d.right = wideWidth, 110, wideWidth-130
	if d.narrow {
		d.width, d.left, d.right = narrowWidth, 14, narrowWidth-14
	}
	d.place()
	class := "wide"
	if d.narrow {
		class = "narrow"
	}
	about := fmt.Sprintf("Sequence diagram of %s between client and server", plural(len(d.steps), "message"))
	fmt.Fprintf(&d.b, `<svg class="seq %s %s" viewBox="0 0 %d %d" role="img" aria-label="%s">`, class, d.tone(), d.width, d.height, about)
	d.bands()
	d.lifelines()
	for i := range d.steps {
		d.step(i)
	}
	d.b.WriteString("</svg>")
	return template.HTML(d.b.String()) // made of numbers, and of text that was escaped
}

func (d *diagram) tone() string {
	if d.good {
		return "good"
	}
	return "bad"
}

// place finds out where each step goes.
func (d *diagram) place() {
	room := (d.right - d.left - 24) * 10
	y := headHeight + 8
	for _, s := range d.steps {
		r := diagramRow{top: y, title: wrap(number(s)+s.Title, room/charWidth, 2)}
		y += 4
		if d.narrow {
			y += lineHeight
		}
		y += lineHeight * len(r.title)
		r.arrow = y + 8
		y = r.arrow + 8
		if s.Params != "" {
			y += lineHeight
		}
		y += 8
		r.bottom = y
		d.rows = append(d.rows, r)
		y += 4
	}
	d.height = y + 6
}

func number(s dialogue.Step) string {
	if s.Frame == 0 {
		return ""
	}
	return fmt.Sprintf("#%d ", s.Frame)
}

// bands are behind the steps that the exchange is shown for.
func (d *diagram) bands() {
	for i, s := range d.steps {
		if r := d.rows[i]; s.Subject {
			fmt.Fprintf(&d.b, `<rect class="band" x="0" y="%d" width="%d" height="%d" rx="6"/><rect class="edge" x="0" y="%d" width="3" height="%d"/>`,
				r.top, d.width, r.bottom-r.top, r.top, r.bottom-r.top)
		}
	}
}

func (d *diagram) lifelines() {
	for _, side := range []string{"client", "server"} {
		x := d.x(side)
		half := 62
		cx := min(max(x, half+1), d.width-half-1)
		fmt.Fprintf(&d.b, `<line class="life" x1="%d" x2="%d" y1="%d" y2="%d"/>`, x, x, headHeight-6, d.height)
		fmt.Fprintf(&d.b, `<rect class="head" x="%d" y="1" width="%d" height="%d" rx="8"/>`, cx-half, 2*half, headHeight-8)
		y := 25
		if side == d.tested {
			y = 18
			fmt.Fprintf(&d.b, `<text class="test" x="%d" y="33">under test</text>`, cx)
		}
		fmt.Fprintf(&d.b, `<text class="who" x="%d" y="%d">%s</text>`, cx, y, side)
	}
	// What a side is busy with, from the request to what comes back.
	for i, s := range d.steps {
		for j := range d.steps[:i] {
			if r := d.steps[j]; s.Answers > 0 && r.Frame == s.Answers && r.From != s.From {
				fmt.Fprintf(&d.b, `<rect class="act" x="%d" y="%d" width="8" height="%d" rx="2"/>`, d.x(s.From)-4, d.rows[j].arrow, d.rows[i].arrow-d.rows[j].arrow)
			}
		}
	}
}

func (d *diagram) x(side string) int {
	if side == "client" {
		return d.left
	}
	return d.right
}

func (d *diagram) step(i int) {
	s, r := d.steps[i], d.rows[i]
	back := ""
	if s.Kind == "answer" || s.Kind == "error" {
		back = " back"
	}
	fmt.Fprintf(&d.b, `<g class="k-%s%s"><title>%s</title>`, html.EscapeString(s.Kind), back, html.EscapeString(place(s)))
	y := r.top + 16
	mid := (d.left + d.right) / 2
	if d.narrow {
		fmt.Fprintf(&d.b, `<text class="small mid" x="%d" y="%d">%s · octet %d · %s</text>`, mid, y, clock(s.Seconds), s.Offset, plural(s.Octets, "octet"))
		y += lineHeight
	} else {
		fmt.Fprintf(&d.b, `<text class="small end" x="%d" y="%d">%s</text>`, d.left-14, r.arrow+4, clock(s.Seconds))
		fmt.Fprintf(&d.b, `<text class="small" x="%d" y="%d">octet %d</text><text class="small" x="%d" y="%d">%s</text>`,
			d.right+14, r.arrow-2, s.Offset, d.right+14, r.arrow+11, plural(s.Octets, "octet"))
	}
	for _, line := range r.title {
		fmt.Fprintf(&d.b, `<text class="mid" x="%d" y="%d">%s</text>`, mid, y, html.EscapeString(line))
		y += lineHeight
	}
	from, to, tip := d.left, d.right-2, -9
	if s.From == "server" {
		from, to, tip = d.right, d.left+2, 9
	}
	fmt.Fprintf(&d.b, `<path class="arrow" d="M%d %dH%d"/><path class="tip" d="M%d %dl%d -5v10z"/>`, from, r.arrow, to+tip, to, r.arrow, tip)
	if s.Subject {
		sign := "✕"
		if d.good {
			sign = "✓"
		}
		fmt.Fprintf(&d.b, `<circle class="flag" cx="%d" cy="%d" r="9"/><text class="sign" x="%d" y="%d">%s</text>`, mid, r.arrow, mid, r.arrow+4, sign)
	}
	if s.Params != "" {
		room := (d.right - d.left - 24) * 10 / monoWidth
		fmt.Fprintf(&d.b, `<text class="params mid" x="%d" y="%d">%s</text>`, mid, r.arrow+20, html.EscapeString(cut(s.Params, room)))
	}
	d.b.WriteString("</g>")
}

// place says where in the capture a step is.
func place(s dialogue.Step) string {
	other := "server"
	if s.From == other {
		other = "client"
	}
	text := fmt.Sprintf("%s → %s, %s after the connection opened", s.From, other, clock(s.Seconds))
	if s.Frame > 0 {
		text += fmt.Sprintf(", frame %d", s.Frame)
	}
	text += fmt.Sprintf(", octets %d to %d", s.Offset, s.Offset+int64(s.Octets))
	if s.Packet > 0 {
		text += fmt.Sprintf(", packet %d", s.Packet)
	}
	return text
}

// clock is a time since the connection opened.
func clock(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < time.Second:
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

// wrap breaks a text into lines of about so many letters, at spaces where there are some; the last
// ends in an ellipsis if there is more.
func wrap(s string, width, lines int) []string {
	var out []string
	for s != "" {
		if utf8.RuneCountInString(s) <= width || len(out) == lines-1 {
			return append(out, cut(s, width))
		}
		line := cutRunes(s, width)
		if i := strings.LastIndexByte(line, ' '); i > len(line)/2 {
			line = line[:i]
		}
		out = append(out, line)
		s = strings.TrimSpace(s[len(line):])
	}
	return out
}

func cut(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	return cutRunes(s, width-1) + "…"
}

func cutRunes(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}
