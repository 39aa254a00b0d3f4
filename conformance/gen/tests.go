package gen

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// testFile writes the tests: types take what was recorded, and a session answers as it did.
func (p *packageWriter) testFile(b *bytes.Buffer) {
	var body bytes.Buffer
	trips, answers, refuses := false, false, false
	for _, s := range p.sessions {
		if !p.NoExamples {
			trips = s.examplesTest(&body) || trips
			answers = s.sessionTest(&body) || answers
		}
		refuses = s.unimplementedTest(&body) || refuses
	}
	registered := len(p.types.registered()) > 0
	if registered {
		p.classesTest(&body)
	}
	imports := []string{"testing"}
	if trips || answers || slices.ContainsFunc(p.sessions, func(s *sessionWriter) bool {
		return slices.ContainsFunc(s.states, func(s *stateWriter) bool { return s.waits() && strings.Contains(s.params, "perl.Value") })
	}) {
		imports = append(imports, perlPath)
	}
	if trips || answers {
		imports = append(imports, "strings")
		body.WriteString(valueText)
	}
	if trips {
		body.WriteString(strings.Replace(tripText, "perl.Marshal", p.marshal(), 1))
	}
	if answers {
		body.WriteString(strings.Replace(answersText, "perl.Marshal", p.marshal(), 1))
	}
	if strings.Contains(body.String(), "asRecorded(") || strings.Contains(body.String(), "sends(") {
		imports = append(imports, "fmt")
		body.WriteString(asRecordedText)
	}
	if strings.Contains(body.String(), "sends(") {
		body.WriteString(sendsText)
	}
	if strings.Contains(body.String(), "recordedList(") {
		body.WriteString(listExampleText)
	}
	if refuses {
		imports = append(imports, "errors", "strings")
		body.WriteString(refusesText)
	}
	if answers || refuses {
		imports = append(imports, "context", "net", "time", kernelPath, litePath)
		body.WriteString(meetText)
	}
	slices.Sort(imports)
	p.open(b, "", slices.Compact(imports)...)
	b.Write(body.Bytes())
}

// examplesTest writes that types take what was recorded; it tells whether there is anything.
func (s *sessionWriter) examplesTest(b *bytes.Buffer) bool {
	var body bytes.Buffer
	trip := func(typ, what string, examples []string) {
		if typ == "" || len(examples) == 0 {
			return
		}
		fmt.Fprintf(&body, "roundTrip[%s](t, %s,\n", typ, strconv.Quote(what))
		for _, e := range examples {
			fmt.Fprintf(&body, "%s,\n", literal(e))
		}
		body.WriteString(")\n")
	}
	for _, state := range s.states {
		var params, answers []string
		for _, e := range state.examples {
			if given := state.given(e); !slices.Contains(params, given) {
				params = append(params, given)
			}
			if e.answer != "" && !e.list && !slices.Contains(answers, e.answer) {
				answers = append(answers, e.answer)
			}
		}
		trip(state.params, state.String()+" params", params)
		if !state.list {
			trip(state.answer, state.String()+" answer", answers)
		}
	}
	if body.Len() == 0 {
		return false
	}
	fmt.Fprintf(b, "\n// Test%sExamples: the types take what was recorded, and give the same.\nfunc Test%sExamples(t *testing.T) {\n%s}\n", s.base, s.base, body.String())
	return true
}

// example is one whose answer somebody can wait for, and tells whether there is any.
func (s *stateWriter) example() (e example, ok bool) {
	i := slices.IndexFunc(s.examples, func(e example) bool {
		return e.answer != "" && e.answer != "null" && !strings.Contains(e.answer, `"undef"`) && e.answer != emptyList && e.list == s.list
	})
	if i < 0 || !s.asked() {
		return e, false
	}
	return s.examples[i], true
}

const emptyList = `{"ref":{"array":[]}}`

// sessionTest writes a session that answers as was recorded, and who asks it; it tells whether
// there is anything to ask.
func (s *sessionWriter) sessionTest(b *bytes.Buffer) bool {
	var server, body bytes.Buffer
	recorded := "recorded" + s.base
	for _, state := range s.states {
		e, ok := state.example()
		if !ok {
			continue
		}
		unnamed := strings.NewReplacer("ctx context", "context", "r *ikc", "*ikc", "params ", "").Replace(state.signature())
		value := fmt.Sprintf("recorded[%s](%s)", state.answer, literal(e.answer))
		if state.list {
			value = fmt.Sprintf("recordedList(%s)", literal(e.answer))
		}
		came := ""
		if state.objects.params && !state.byPost() {
			unnamed = strings.NewReplacer("ctx context", "_ context", "params ", "_ ").Replace(state.signature())
			came = fmt.Sprintf("if err := asRecorded(r.Arg(0), %s); err != nil {\nvar none %s\nreturn none, err\n}\n", literal(state.given(e)), state.answer)
		}
		fmt.Fprintf(&server, "\nfunc (%s) %s%s {\n%sreturn %s\n}\n", recorded, state.method, unnamed, came, value)
		client := map[bool]string{true: "lite", false: "kernel"}[state.byPost()]
		fmt.Fprintf(&body, "answers(t, %s,\n%s,\n%s,\n%s)\n", strconv.Quote(state.String()), literal(state.given(e)), literal(e.answer), state.asking(client))
		if state.objects.answer && !state.byPost() {
			fmt.Fprintf(&body, "sends(t, byKernel, kernel.to(%s),\n%s,\n%s)\n", strconv.Quote(state.name), literal(state.given(e)), literal(e.answer))
		}
	}
	if body.Len() == 0 {
		return false
	}
	fmt.Fprintf(b, "\n// %s answers as was recorded.\ntype %s struct{ Unimplemented%s }\n%s", recorded, recorded, s.base, server.String())
	fmt.Fprintf(b, "\n// Test%sSession: who asks the session is given what was recorded.\nfunc Test%sSession(t *testing.T) {\n", s.base, s.base)
	s.meeting(b, recorded, body.String())
	return true
}

// meeting writes clients of a session.
func (s *sessionWriter) meeting(b *bytes.Buffer, server, body string) {
	fmt.Fprintf(b, "byKernel, byLite := meet(t, func(k *ikc.Kernel) error {\n_, err := New%sSession(k, %s{})\nreturn err\n})\n", s.base, server)
	for _, client := range []string{"kernel", "lite"} {
		caller := "by" + strings.ToUpper(client[:1]) + client[1:]
		if strings.Contains(body, client+".") {
			fmt.Fprintf(b, "%s := New%sClient(%s, \"\")\n", client, s.base, caller)
		} else {
			fmt.Fprintf(b, "_ = %s\n", caller)
		}
	}
	fmt.Fprintf(b, "%s}\n", body)
}

// asking is a function that asks a state with params as an argument, and gives one value.
func (s *stateWriter) asking(client string) string {
	method := client + "." + s.method
	switch {
	case s.list && s.params != "":
		return fmt.Sprintf("func(ctx context.Context, params %s) (*perl.Value, error) {\nlist, err := %s(ctx, params)\nreturn perl.ArrayRef(list...), err\n}", s.params, method)
	case s.list:
		return fmt.Sprintf("func(ctx context.Context, _ any) (*perl.Value, error) {\nlist, err := %s(ctx)\nreturn perl.ArrayRef(list...), err\n}", method)
	case s.params != "":
		return method
	}
	return fmt.Sprintf("func(ctx context.Context, _ any) (%s, error) { return %s(ctx) }", s.answer, method)
}

// unimplementedTest writes that who asks a session that is not written yet is told; it tells
// whether there is anything to ask.
func (s *sessionWriter) unimplementedTest(b *bytes.Buffer) bool {
	var body bytes.Buffer
	for _, state := range s.states {
		if !state.waits() {
			continue
		}
		given, none := "", ""
		if state.params != "" {
			given, none = ", none", fmt.Sprintf("var none %s\n", state.params)
		}
		fmt.Fprintf(&body, "refuses(t, %s, func(ctx context.Context) error {\n%s_, err := kernel.%s(ctx%s)\nreturn err\n})\n", strconv.Quote(state.String()), none, state.method, given)
	}
	if body.Len() == 0 {
		return false
	}
	fmt.Fprintf(b, "\n// TestUnimplemented%s: who asks what is not written yet is told.\nfunc TestUnimplemented%s(t *testing.T) {\n", s.base, s.base)
	s.meeting(b, "Unimplemented"+s.base, body.String())
	return true
}

// waits tells whether who asks a state is told of an error: one is reported of a post, too, but
// nobody waits for it.
func (s *stateWriter) waits() bool { return s.asked() && !s.byPost() }

// literal is a text in Go, in lines that are not too long.
func literal(text string) string {
	const width = 100
	var pieces []string
	for len(text) > width {
		pieces = append(pieces, quote(text[:width]))
		text = text[width:]
	}
	return strings.Join(append(pieces, quote(text)), " +\n")
}

func quote(text string) string {
	if strconv.CanBackquote(text) {
		return "`" + text + "`"
	}
	return strconv.Quote(text)
}

const valueText = `
// value is what was recorded.
func value(text string) (*perl.Value, error) {
	v := new(perl.Value)
	return v, v.UnmarshalJSON([]byte(text))
}

// alike tells whether values of two kinds are the same to Perl: a number and its string, ASCII with
// and without a flag.
func alike(a, b *perl.Value) bool {
	x, scalar := a.AsString()
	y, also := b.AsString()
	switch {
	case !scalar || !also || a.Kind() == perl.Undef || b.Kind() == perl.Undef:
		return false
	case a.Kind() == perl.Double || b.Kind() == perl.Double:
		var f, g float64
		return perl.Unmarshal(a, &f) == nil && perl.Unmarshal(b, &g) == nil && f == g
	}
	return x == y && strings.IndexFunc(x, func(r rune) bool { return r > 127 }) < 0
}
`

const tripText = `
// roundTrip has a type take what was recorded, and give it back.
func roundTrip[T any](t *testing.T, what string, examples ...string) {
	t.Helper()
	for _, example := range examples {
		v, err := value(example)
		if err != nil {
			t.Fatal(err)
		}
		var x T
		if err := perl.Unmarshal(v, &x); err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		back, err := perl.Marshal(x)
		if err != nil || !perl.EqualFunc(v, back, alike) {
			t.Errorf("%s: expected %v, got %v, %v", what, v, back, err)
		}
	}
}
`

const answersText = `
// recorded is an answer that was recorded.
func recorded[A any](text string) (answer A, err error) {
	v, err := value(text)
	if err != nil {
		return answer, err
	}
	return answer, perl.Unmarshal(v, &answer)
}

// answers has a state asked, and compares what it answers with what was recorded.
func answers[P, A any](t *testing.T, state, params, answer string, ask func(context.Context, P) (A, error)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	given, err := recorded[P](params)
	if err != nil {
		t.Fatal(err)
	}
	want, err := value(answer)
	if err != nil {
		t.Fatal(err)
	}
	x, err := ask(ctx, given)
	if err != nil {
		t.Errorf("%s: %v", state, err)
		return
	}
	got, err := perl.Marshal(x)
	if err != nil || !perl.EqualFunc(want, got, alike) {
		t.Errorf("%s: expected %v, got %v, %v", state, want, got, err)
	}
}
`

const listExampleText = `
// recordedList is a list that was recorded.
func recordedList(text string) (list ikc.List, err error) {
	v, err := value(text)
	for _, e := range v.Target().Elems() {
		list = append(list, e)
	}
	return list, err
}
`

const refusesText = `
// refuses demands that who asks a state is told that it is not written yet.
func refuses(t *testing.T, state string, ask func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var told *ikc.RemoteError
	if err := ask(ctx); !errors.As(err, &told) || !strings.Contains(told.Message, state+" is not written yet") {
		t.Errorf("%s: expected to be told that it is not written yet, got %v", state, err)
	}
}
`

const meetText = `
// meet has a kernel and a clientlite.Client connect to a kernel that has sessions.
func meet(t *testing.T, sessions func(*ikc.Kernel) error) (*ikc.Kernel, *clientlite.Client) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	var kernels [2]*ikc.Kernel
	for i, name := range []string{"Server", "Client"} {
		if kernels[i], err = ikc.New(ikc.Config{Name: name}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = kernels[i].Shutdown(ctx) })
	}
	if err := sessions(kernels[0]); err != nil {
		t.Fatal(err)
	}
	go func() { _ = kernels[0].Serve(ctx, l) }()
	if _, err := kernels[1].Dial(ctx, "tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	lite, err := clientlite.Spawn(ctx, clientlite.Config{Name: "Lite", Address: l.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(lite.Disconnect)
	return kernels[1], lite
}
`
