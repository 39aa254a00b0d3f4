package gen

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// serverFile writes what has sessions.
func (p *packageWriter) serverFile(b *bytes.Buffer) {
	imports := []string{"context", "errors", kernelPath}
	some := func(is func(*stateWriter) bool) bool {
		return slices.ContainsFunc(p.sessions, func(s *sessionWriter) bool { return slices.ContainsFunc(s.states, is) })
	}
	if some(func(s *stateWriter) bool {
		return strings.Contains(s.params, "perl.Value") || strings.Contains(s.answer, "perl.Value")
	}) {
		imports = append(imports, perlPath)
	}
	slices.Sort(imports)
	p.open(b, "", imports...)
	for _, s := range p.sessions {
		b.WriteString("\n")
		comment(b, "", fmt.Sprintf("%sServer is what there is to write for the session %q.%s", s.base, s.name, s.refused()))
		fmt.Fprintf(b, "type %sServer interface {\n", s.base)
		for _, state := range s.states {
			comment(b, "\t", fmt.Sprintf("%s is %s: %s%s", state.method, state, state.counts(), state.more()))
			fmt.Fprintf(b, "%s%s\n", state.method, state.signature())
		}
		b.WriteString("}\n\n")
		comment(b, "", fmt.Sprintf("New%sSession makes the session %q of a kernel, and publishes its states. Errors are those of Kernel.NewSession.", s.base, s.name))
		fmt.Fprintf(b, "func New%sSession(k *ikc.Kernel, server %sServer, options ...ikc.SessionOption) (*ikc.Session, error) {\n", s.base, s.base)
		fmt.Fprintf(b, "s, err := k.NewSession(%s, map[string]ikc.State{\n", strconv.Quote(s.name))
		var names []string
		for _, state := range s.states {
			names = append(names, strconv.Quote(state.name))
			fmt.Fprintf(b, "%s: %s,\n", strconv.Quote(state.name), state.handler())
		}
		b.WriteString("}, options...)\nif err != nil {\nreturn nil, err\n}\n")
		fmt.Fprintf(b, "s.Publish(\n%s,\n)\n", strings.Join(names, ",\n"))
		b.WriteString("return s, nil\n}\n\n")
		comment(b, "", fmt.Sprintf("Unimplemented%s fails, whatever it is asked. Embed it in a %sServer that has not all of the states yet.", s.base, s.base))
		fmt.Fprintf(b, "type Unimplemented%s struct{}\n\nvar _ %sServer = Unimplemented%s{}\n", s.base, s.base, s.base)
		for _, state := range s.states {
			fails := "errors.New(" + strconv.Quote(state.String()+" is not written yet") + ")"
			b.WriteString("\n")
			comment(b, "", fmt.Sprintf("%s implements %sServer.", state.method, s.base))
			fmt.Fprintf(b, "func (Unimplemented%s) %s%s {\n", s.base, state.method, state.signature())
			if state.answer == "" {
				fmt.Fprintf(b, "return %s\n}\n", fails)
				continue
			}
			fmt.Fprintf(b, "var none %s\nreturn none, %s\n}\n", state.answer, fails)
		}
	}
	if some(func(s *stateWriter) bool { return s.objects.answer }) {
		b.WriteString(objectsText)
	}
}

// signature is that of the method of a server.
func (s *stateWriter) signature() string {
	params, results := "ctx context.Context, r *ikc.Request", "error"
	if s.params != "" {
		params += ", params " + s.params
	}
	if s.answer != "" {
		results = "(" + s.answer + ", error)"
	}
	return fmt.Sprintf("(%s) %s", params, results)
}

// handler is the ikc.State that has a server's method.
func (s *stateWriter) handler() string {
	method, state := "server."+s.method, ""
	switch {
	case s.objects.answer && s.params != "":
		state = fmt.Sprintf("ikc.StateOf(func(ctx context.Context, r *ikc.Request, params %s) (any, error) {\nreturn objects(%s(ctx, r, params))\n})", s.params, method)
	case s.objects.answer:
		state = fmt.Sprintf("func(ctx context.Context, r *ikc.Request) (any, error) { return objects(%s(ctx, r)) }", method)
	case s.params != "" && s.answer != "":
		state = "ikc.StateOf(" + method + ")"
	case s.params != "":
		state = fmt.Sprintf("ikc.StateOf(func(ctx context.Context, r *ikc.Request, params %s) (any, error) {\nreturn nil, %s(ctx, r, params)\n})", s.params, method)
	case s.answer != "":
		state = fmt.Sprintf("func(ctx context.Context, r *ikc.Request) (any, error) { return %s(ctx, r) }", method)
	default:
		state = fmt.Sprintf("func(ctx context.Context, r *ikc.Request) (any, error) { return nil, %s(ctx, r) }", method)
	}
	if s.byPost() {
		return "ikc.AnswersByPost(" + state + ")"
	}
	return state
}

const objectsText = `
// objects turns an answer into what Perl has, so that objects in it have their class.
func objects(answer any, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return types.Marshal(answer)
}
`
