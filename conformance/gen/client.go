package gen

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// clientFile writes what asks sessions.
func (p *packageWriter) clientFile(b *bytes.Buffer) {
	var imports []string
	some := func(is func(*stateWriter) bool) bool {
		return slices.ContainsFunc(p.sessions, func(s *sessionWriter) bool { return slices.ContainsFunc(s.states, is) })
	}
	posts := some((*stateWriter).isPosted)
	lists := some(func(s *stateWriter) bool { return s.list })
	byPost := some(func(s *stateWriter) bool { return s.byPost() })
	if posts || lists || byPost {
		imports = append(imports, "fmt")
	}
	imports = append(imports, "context", kernelPath, specifierPath)
	if lists || byPost || some(func(s *stateWriter) bool {
		return strings.Contains(s.params, "perl.Value") || strings.Contains(s.returned(), "perl.Value")
	}) {
		imports = append(imports, perlPath)
	}
	slices.Sort(imports)
	p.open(b, "", imports...)
	for _, s := range p.sessions {
		p.client(b, s)
	}
	for _, part := range []struct {
		is   bool
		text string
	}{{posts, postText}, {lists, listText}, {byPost, respondText}} {
		if part.is {
			b.WriteString(part.text)
		}
	}
}

// isPosted tells whether a state was posted to without anything to come back.
func (s *stateWriter) isPosted() bool { return s.posts > s.requests }

func (p *packageWriter) client(b *bytes.Buffer, s *sessionWriter) {
	b.WriteString("\n")
	comment(b, "", fmt.Sprintf("%sClient asks the session %q of a kernel. It was seen at %s%s.%s", s.base, s.name, quoted(s.kernels),
		map[bool]string{true: ", where it is not the same, see the comment of the package"}[len(s.unlike(p.Maps)) > 0], s.refused()))
	fmt.Fprintf(b, "type %sClient struct {\ncaller ikc.Caller\nkernel string\n}\n\n", s.base)
	comment(b, "", fmt.Sprintf("New%sClient makes a client. The caller is a kernel, a session or a clientlite.Client; kernel is the name of "+
		"the kernel that has the session, \"\" for the one that the caller is connected to.", s.base))
	fmt.Fprintf(b, "func New%sClient(caller ikc.Caller, kernel string) *%sClient { return &%sClient{caller, kernel} }\n", s.base, s.base, s.base)
	fmt.Fprintf(b, "\nfunc (c *%sClient) to(state string) string {\nreturn specifier.Specifier{Kernel: c.kernel, Session: %s, State: state}.String()\n}\n",
		s.base, strconv.Quote(s.name))
	for _, state := range s.states {
		state.client(b)
	}
}

// refused says which states were asked for in vain.
func (s *sessionWriter) refused() string {
	if len(s.without) == 0 {
		return ""
	}
	return fmt.Sprintf(" Asked for and not published: %s.", quoted(s.without))
}

func quoted(names []string) string { return strings.Join(quotedEach(names), ", ") }

func quotedEach(names []string) (list []string) {
	for _, name := range names {
		list = append(list, strconv.Quote(name))
	}
	return list
}

// client writes the methods of a client for a state.
func (s *stateWriter) client(b *bytes.Buffer) {
	params, given := "", "nil"
	if s.params != "" {
		params, given = ", params "+s.params, "params"
	}
	if s.objects.params {
		given = "object"
	}
	base, state := s.session.base, strconv.Quote(s.name)
	if s.asked() {
		does := "calls"
		if s.byPost() {
			does = "asks, as a ClientLite's post_respond does,"
		}
		b.WriteString("\n")
		comment(b, "", fmt.Sprintf("%s %s %s: %s", s.method, does, s, s.counts()))
		fmt.Fprintf(b, "func (c *%sClient) %s(ctx context.Context%s) (%s, error) {\n", base, s.method, params, s.returned())
		if s.objects.params {
			fmt.Fprintf(b, "object, err := types.Marshal(params)\nif err != nil {\nvar none %s\nreturn none, err\n}\n", s.returned())
		}
		switch {
		case s.byPost():
			fmt.Fprintf(b, "return respond[%s](ctx, c.caller, c.to(%s), %s)\n", s.answer, state, given)
		case s.list:
			fmt.Fprintf(b, "return list(ctx, c.caller, c.to(%s), %s)\n", state, given)
		default:
			fmt.Fprintf(b, "return ikc.CallAs[%s](ctx, c.caller, c.to(%s), %s)\n", s.answer, state, given)
		}
		b.WriteString("}\n")
	}
	if s.isPosted() {
		b.WriteString("\n")
		comment(b, "", fmt.Sprintf("%s posts to %s: %s", s.post, s, s.counts()))
		fmt.Fprintf(b, "func (c *%sClient) %s(ctx context.Context%s) error {\n", base, s.post, params)
		if s.objects.params {
			b.WriteString("object, err := types.Marshal(params)\nif err != nil {\nreturn err\n}\n")
		}
		fmt.Fprintf(b, "return post(ctx, c.caller, c.to(%s), %s)\n}\n", state, given)
	}
}

const postText = `
// post posts, as kernels, sessions and clientlite.Clients do.
func post(ctx context.Context, caller ikc.Caller, to string, params any) error {
	switch c := caller.(type) {
	case interface {
		Post(context.Context, string, any) (int, error)
	}:
		_, err := c.Post(ctx, to, params)
		return err
	case interface {
		Post(context.Context, string, any) error
	}:
		return c.Post(ctx, to, params)
	}
	return fmt.Errorf("post to %s: expected a kernel, a session or a clientlite.Client, got %T", to, caller)
}
`

const listText = `
// list calls for a list.
func list(ctx context.Context, caller ikc.Caller, to string, params any) ([]*perl.Value, error) {
	c, ok := caller.(interface {
		CallList(context.Context, string, any) ([]*perl.Value, error)
	})
	if !ok {
		return nil, fmt.Errorf("call %s: expected a kernel, a session or a clientlite.Client, got %T", to, caller)
	}
	return c.CallList(ctx, to, params)
}
`

const respondText = `
// respond asks by post.
func respond[T any](ctx context.Context, caller ikc.Caller, to string, params any) (answer T, err error) {
	c, ok := caller.(interface {
		PostRespond(context.Context, string, any) (*perl.Value, error)
	})
	if !ok {
		return answer, fmt.Errorf("ask %s: expected a clientlite.Client, got %T", to, caller)
	}
	v, err := c.PostRespond(ctx, to, params)
	if err != nil {
		return answer, err
	}
	return answer, perl.Unmarshal(v, &answer)
}
`
