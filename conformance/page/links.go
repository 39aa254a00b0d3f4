package page

import (
	"fmt"
	"net/url"
	"strings"
)

// Pages is the URL of a site that 'ikc-conform site' made, to whose pages reports lead; "" is none.
type Pages string

// ParsePages reads the URL of a site: http, https or file, of a folder, without a query or
// a fragment.
func ParsePages(s string) (Pages, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "file" || u.Host == "" && u.Scheme != "file" ||
		u.RawQuery != "" || u.Fragment != "" || u.User != nil || strings.HasSuffix(u.Path, ".html") {
		return "", fmt.Errorf("expected the URL of a folder, such as https://example.com/ikc/, got %q", s)
	}
	return Pages(strings.TrimSuffix(u.String(), "/") + "/"), nil
}

// Check is the URL of the page of a check, "" without a site.
func (p Pages) Check(id string) string { return p.at(OfCheck(id)) }

// Notice is the URL of what is said of a notice, "" without a site.
func (p Pages) Notice(id string) string { return p.at(OfNotice(id)) }

func (p Pages) at(path string) string {
	if p == "" {
		return ""
	}
	return string(p) + path
}

// The paths of pages of the site, from its folder.

// OfCheck is the path of the page of a check.
func OfCheck(id string) string { return "checks/" + id + ".html" }

// OfNotice is the path of the page of a kind of notice, with its anchor.
func OfNotice(id string) string { return "notices.html#" + id }
