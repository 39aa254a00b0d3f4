package compare

import (
	"fmt"
	"html/template"
	"io"

	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// Page is a page for a browser of what a comparison found.
type Page struct {
	Title string
	// Facts are lines above the table.
	Facts      []string
	Deviations []Deviation
}

var page = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style>
body { font: 16px/1.4 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em; color: #222; background: #fff }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .3em .6em; border-bottom: 1px solid #ccc; overflow-wrap: anywhere }
code { font: 14px/1.4 ui-monospace, monospace; white-space: pre-wrap }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #1b1b1b } th, td { border-color: #444 } }
</style>
</head>
<body>
<h1>{{.Title}}</h1>
{{range .Facts}}<p>{{.}}</p>
{{end}}{{if .Deviations}}<table>
<thead><tr><th scope="col">State</th><th scope="col">Kind</th><th scope="col">Where</th><th scope="col">Expected</th><th scope="col">Came</th>` +
	`<th scope="col">Times</th><th scope="col">First</th></tr></thead>
<tbody>
{{range .Deviations}}<tr><td><code>{{.State}}</code></td><td>{{.Kind}}</td><td><code>{{.Part}}{{.Path}}</code></td>` +
	`{{if .Text}}<td colspan="2">{{.Text}}</td>{{else}}<td><code>{{.Was}}</code></td><td><code>{{.Is}}</code></td>{{end}}` +
	`<td>{{.Times}}</td><td>connection {{.Connection}}, #{{.Frame}}</td></tr>
{{end}}</tbody>
</table>
{{else}}<p>No difference.</p>
{{end}}</body>
</html>
`))

// WriteHTML writes the page.
func (p Page) WriteHTML(w io.Writer) error {
	if err := page.Execute(w, visible.Copy(p)); err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	return nil
}
