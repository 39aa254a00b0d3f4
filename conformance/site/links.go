package site

import (
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// identifier is what an id of a check or a notice looks like, and a pattern for an area of checks.
var identifier = regexp.MustCompile(`\b[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*-(?:[0-9]{3}\b|\*)`)

// finish makes HTML of a page fit: links, which lead from the folder of the site, lead from the
// page; ids of checks and notices that are no part of a link become links; and tables scroll within
// themselves. targets are the places that ids lead to.
func finish(body, page string, targets map[string]string) string {
	var b strings.Builder
	within := map[string]int{} // elements that are open
	z := html.NewTokenizer(strings.NewReader(body))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break // of a string there is no other than its end
		}
		raw := string(z.Raw())
		if kind == html.TextToken {
			if within["a"] == 0 {
				raw = linkIdentifiers(raw, page, targets)
			}
			b.WriteString(raw)
			continue
		}
		t := z.Token()
		switch kind {
		case html.StartTagToken:
			within[t.Data]++
		case html.EndTagToken:
			within[t.Data]--
		}
		switch {
		case t.Data == "table" && kind == html.StartTagToken:
			b.WriteString(`<div class="scroll" tabindex="0" role="region" aria-label="Table">` + raw)
		case t.Data == "table" && kind == html.EndTagToken:
			b.WriteString(raw + "</div>")
		case t.Data == "pre" && kind == html.StartTagToken:
			t.Attr = append(t.Attr, html.Attribute{Key: "tabindex", Val: "0"}) // what scrolls can be reached by keys
			b.WriteString(t.String())
		case t.Data == "a" && kind == html.StartTagToken:
			for i, a := range t.Attr {
				if a.Key == "href" {
					t.Attr[i].Val = relative(page, a.Val)
				}
			}
			b.WriteString(t.String())
		default:
			b.WriteString(raw)
		}
	}
	return b.String()
}

// linkIdentifiers makes links of the ids in a text that lead elsewhere than to the page itself.
func linkIdentifiers(text, page string, targets map[string]string) string {
	return identifier.ReplaceAllStringFunc(text, func(id string) string {
		to := targets[id]
		if to == "" || to == page {
			return id
		}
		return fmt.Sprintf(`<a href="%s">%s</a>`, relative(page, to), id)
	})
}

// relative is a link from a page to what is named from the folder of the site.
func relative(page, to string) string {
	if to == "" || strings.Contains(to, "://") || strings.HasPrefix(to, "mailto:") || strings.HasPrefix(to, "#") {
		return to
	}
	return root(page) + to
}

// root is the way from a page to the folder of the site.
func root(page string) string { return strings.Repeat("../", strings.Count(page, "/")) }
