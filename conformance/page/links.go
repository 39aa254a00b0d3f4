package page

// The paths of pages of the site ('ikc-conform site'), from its folder, that reports lead to.

// OfCheck is the path of the page of a check.
func OfCheck(id string) string { return "checks/" + id + ".html" }

// OfNotice is the path of the page of a kind of notice, with its anchor.
func OfNotice(id string) string { return "notices.html#" + id }
