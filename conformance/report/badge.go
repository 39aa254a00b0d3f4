package report

import (
	"fmt"
	"html"
	"io"
)

// WriteBadge writes the result of a document as a badge: an SVG of 20 pixels' height. It has no
// room for anything else.
func WriteBadge(w io.Writer, d *Document) error {
	label, text, colour := "IKC", d.headline(), "#1a7f37"
	switch d.Exit {
	case ExitNotConformant:
		colour = "#cf222e"
	case ExitBroken, ExitStale, ExitSeen, ExitInterrupted:
		colour = "#9a6700"
	case ExitNothing:
		colour = "#59636e"
	}
	const left = 34 // of the label
	right := 7*len(text) + 12
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="20" role="img" aria-label="%[2]s: %[3]s">
<title>%[2]s: %[3]s</title>
<clipPath id="c"><rect width="%[1]d" height="20" rx="3"/></clipPath>
<g clip-path="url(#c)"><rect width="%[4]d" height="20" fill="#424a53"/><rect x="%[4]d" width="%[5]d" height="20" fill="%[6]s"/></g>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
<text x="%[7]d" y="14" textLength="%[8]d">%[2]s</text><text x="%[9]d" y="14" textLength="%[10]d">%[3]s</text>
</g>
</svg>
`, left+right, label, html.EscapeString(text), left, right, colour, left/2, left-12, left+right/2, right-12)
	return err
}
