package site

import (
	"bytes"
	"fmt"
	"path"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// repositoryURL is where files are that pages speak of and the site does not have.
const repositoryURL = "https://github.com/perl-ikc/ikc-conform/"

// markdown reads the Markdown of this repository: CommonMark and tables, and no HTML in it.
var markdown = goldmark.New(goldmark.WithExtensions(extension.Table), goldmark.WithParserOptions(parser.WithAutoHeadingID()))

// document is a page in Markdown that was read.
type document struct {
	file   string // in the repository
	source []byte
	tree   ast.Node
	// Title is the text of the first heading, About that of the first paragraph.
	Title, About string
}

// readMarkdown reads a page. Links in it to files of the repository lead to the page of the site
// that was made from the file, else to the repository.
func readMarkdown(file string, source []byte, pages map[string]string) *document {
	d := &document{file: file, source: source, tree: markdown.Parser().Parse(text.NewReader(source))}
	var images []*ast.Image
	_ = ast.Walk(d.tree, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // no visitor fails
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			if d.Title == "" {
				d.Title = d.plain(n)
			}
		case *ast.Paragraph:
			if d.About == "" {
				d.About = d.plain(n)
			}
		case *ast.Link:
			n.Destination = []byte(resolve(file, string(n.Destination), pages))
		case *ast.Image:
			images = append(images, n)
		}
		return ast.WalkContinue, nil
	})
	for _, n := range images { // the site has no pictures: it says where they are
		link := ast.NewLink()
		link.Destination = []byte(resolve(file, string(n.Destination), pages))
		for c := n.FirstChild(); c != nil; c = n.FirstChild() {
			link.AppendChild(link, c)
		}
		n.Parent().ReplaceChild(n.Parent(), n, link)
	}
	return d
}

// resolve says where a link in a file of the repository leads: to a page, as its path from the
// folder of the site, or to a URL.
func resolve(file, link string, pages map[string]string) string {
	if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") || strings.HasPrefix(link, "#") {
		return link
	}
	to, anchor, has := strings.Cut(link, "#")
	to = path.Join(path.Dir(file), to)
	if page := pages[to]; page != "" {
		if has {
			page += "#" + anchor
		}
		return page
	}
	kind := "tree" // a folder
	if path.Ext(to) != "" {
		kind = "blob"
	}
	return repositoryURL + kind + "/main/" + to
}

// html is the page as HTML.
func (d *document) html() (string, error) {
	var b bytes.Buffer
	if err := markdown.Renderer().Render(&b, d.source, d.tree); err != nil {
		return "", fmt.Errorf("%s: %w", d.file, err)
	}
	return b.String(), nil
}

// part is what stands below a heading, up to the next.
type part struct {
	Level               int
	Anchor, Title, Text string
}

// parts are those of the page, each with its text.
func (d *document) parts() (list []part) {
	for n := d.tree.FirstChild(); n != nil; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok {
			id, _ := h.AttributeString("id")
			anchor, _ := id.([]byte)
			list = append(list, part{Level: h.Level, Anchor: string(anchor), Title: d.plain(h)})
		} else if len(list) > 0 {
			last := &list[len(list)-1]
			last.Text += " " + d.plain(n)
		}
	}
	return list
}

// plain is the text of a node without its markup.
func (d *document) plain(n ast.Node) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // no visitor fails
		switch n := n.(type) {
		case *ast.Text:
			if entering {
				b.Write(n.Segment.Value(d.source))
				if n.SoftLineBreak() {
					b.WriteByte(' ')
				}
			}
		case *ast.CodeBlock, *ast.FencedCodeBlock:
			if entering {
				b.Write(n.Lines().Value(d.source))
			}
		default:
			if n.Type() == ast.TypeBlock && !entering {
				b.WriteByte(' ')
			}
		}
		return ast.WalkContinue, nil
	})
	return strings.Join(strings.Fields(b.String()), " ")
}
