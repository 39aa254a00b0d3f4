package gen

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

const repository = "../.."

// captures are those of the repository.
func captures(t *testing.T) (paths []string) {
	t.Helper()
	for _, dir := range []string{"captures", "conformance"} {
		err := filepath.WalkDir(filepath.Join(repository, dir), func(path string, d fs.DirEntry, err error) error {
			if ext := filepath.Ext(path); err == nil && !d.IsDir() && (ext == ".pcap" || ext == ".pcapng") {
				paths = append(paths, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(paths) < 100 {
		t.Fatalf("expected more than 100 captures, got %v", paths)
	}
	return paths
}

func read(t *testing.T, path string) *Interface {
	t.Helper()
	r, err := capture.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	i, err := Read(r.Events(capture.Limits{}), Options{})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return i
}

// module is one outside of the repository, whose packages need that.
type module struct{ dir string }

func newModule(t *testing.T) module {
	t.Helper()
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	m := module{t.TempDir()}
	m.write(t, "go.mod", []byte("module example.com/generated\n\ngo 1.26.0\n"))
	m.write(t, "go.work", fmt.Appendf(nil, "go 1.26.0\n\nuse .\nuse %q\n", root))
	return m
}

func (m module) write(t *testing.T, name string, text []byte) {
	t.Helper()
	path := filepath.Join(m.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// generate writes a package in a directory of the module.
func (m module) generate(t *testing.T, dir string, i *Interface, w Writing) {
	t.Helper()
	w.Package, w.Source = "generated", "it.pcapng"
	files, err := i.Files(w)
	if err != nil {
		t.Fatalf("%s: %v", dir, err)
	}
	for _, f := range files {
		m.write(t, filepath.Join(dir, f.Name), f.Text)
	}
}

// try runs go in the module. Of GOFLAGS only -trimpath is kept, for what is imported to be in the
// cache.
func (m module) try(t *testing.T, args ...string) {
	t.Helper()
	flags := ""
	if strings.Contains(os.Getenv("GOFLAGS"), "-trimpath") {
		flags = "-trimpath"
	}
	cmd := exec.Command("go", args...)
	cmd.Dir = m.dir
	cmd.Env = append(os.Environ(), "GOFLAGS="+flags, "GOWORK="+filepath.Join(m.dir, "go.work"), "GOPROXY=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// TestPackages: what is written for captures of this repository compiles and passes go vet; that
// for programs which somebody wrote passes its own tests: what was recorded goes through the types
// and back, and a session answers it. Of the captures of the suite, which are much alike, it is one
// in four; with IKC_GEN=all it is all captures, and all pass their own tests.
func TestPackages(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: some 60 packages are compiled and linked")
	}
	m := newModule(t)
	tested := []string{"test", "-count=1"}
	for n, path := range captures(t) {
		i := read(t, path)
		if _, err := i.Files(Writing{Package: "generated"}); errors.Is(err, ErrNothing) {
			continue
		}
		ours := slices.ContainsFunc([]string{"captures/releases", "captures/perls", "captures/driven", "captures/go-server", "captures/perl-server"},
			func(ours string) bool { return strings.HasPrefix(path, filepath.Join(repository, ours)) })
		all := os.Getenv("IKC_GEN") == "all"
		if ours && !all && n%4 > 0 {
			continue
		}
		dir := fmt.Sprintf("p%d", n)
		m.generate(t, dir, i, Writing{})
		if !ours || all {
			tested = append(tested, "./"+dir)
		}
	}
	m.generate(t, "kinds", allKinds(t), Writing{Maps: []string{"svc/named params", `svc/named answer [*]{'in'}`}})
	m.generate(t, "kinds/without", allKinds(t), Writing{NoExamples: true})
	m.try(t, "vet", "./...")
	m.try(t, append(tested, "./kinds/...")...)
}

// allKinds is an interface with values of all kinds that Perl has, and names that Go has not.
func allKinds(t *testing.T) *Interface {
	t.Helper()
	return kindsOf(t, maxShapes)
}

// kindsOf is that within so many places.
func kindsOf(t *testing.T, places int) *Interface {
	t.Helper()
	i := newInterface()
	i.shapes.left = places
	see := func(state string, pairs ...*perl.Value) {
		t.Helper()
		for n := 0; n < len(pairs); n += 2 {
			s := i.state("svc", state)
			s.calls, s.most = s.calls+1, 1
			i.shapes.add(s.raw, pairs[n])
			e := example{}
			answer := pairs[n+1]
			if answer != nil {
				s.answered++
				i.shapes.add(s.answer, answer)
			} else {
				s.silent++
			}
			i.example(s, e, pairs[n], pairs[n], answer)
		}
	}
	hash, array := perl.HashRef, perl.ArrayRef
	p := func(key string, v *perl.Value) perl.Pair { return perl.TextPair(key, v) }
	num, str, text, undef, double := perl.NewInt, perl.NewBytes, perl.NewText, perl.NewUndef, perl.NewDouble
	both := func(v func() *perl.Value) (*perl.Value, *perl.Value) { return v(), v() }
	see("integer", num(1), num(-7), str("12"), str("9223372036854775807"))
	see("integer_or_word", num(1), num(2), str("012"), str("x"))
	see("unsigned", perl.NewUint(1<<63), perl.NewUint(1<<64-1), num(1), num(0))
	see("unsigned_or_not", perl.NewUint(1<<63), perl.NewUint(1<<63), num(-1), num(-1))
	see("double", double(0.1), double(3), num(2), double(-1e300))
	see("double_or_big", double(0.5), double(0.5), num(1<<53+1), num(1<<53+1))
	see("double_or_word", double(0.5), double(0.1+0.2), str("x"), str("y"))
	see("boolean", perl.NewBool(true), perl.NewBool(false), perl.NewBool(false), perl.NewBool(true))
	see("boolean_or", perl.NewBool(true), perl.NewBool(false), num(0), str(""))
	see("text", text("größer"), text("日本"), str("ascii"), str("x"))
	see("octets", str("gr\xf6\xdfer"), str("\xc3\xa9"), str(""), str("ascii"))
	see("octets_or_text", str("\xe9"), str("\xe9"), text("é"), text("é"))
	see("wild", text("\xed\xa0\x80"), text("\xed\xa0\x80"))
	see("undef", undef(), num(1), num(3), undef(), undef(), nil)
	see("undef_and_lists", undef(), array(), array(num(1)), array(undef(), num(2)))
	see("maps_or_undef", hash(), hash(), undef(), hash(p("1", num(1)), p("22", num(2))))
	see("mixed", num(1), array(num(1)), hash(p("a", num(1))), str("a"))
	see("tuple",
		array(str("a"), num(1)), array(num(1), array(num(1)), hash(p("x", num(1)))),
		array(str("b"), num(2)), array(num(2), undef(), hash(p("x", num(3)))))
	see("words", hash(p("marshal-perl", array(str("a"), num(1)))), array(hash(p("Host/Port", array(str("a"), num(1))))))
	see("holes", perl.NewRef(perl.NewArray(num(1), nil)), array(num(1)))
	see("object", hash(p("of", perl.NewRef(perl.NewHash(p("x", num(1))).Bless("Some::Class")))), perl.NewRef(perl.NewArray().Bless("A\nB")))
	object := func(class string, pairs ...perl.Pair) *perl.Value {
		return perl.NewRef(perl.NewHash(pairs...).Bless(class))
	}
	point := func(x int64) *perl.Value { return object("Geo::Point", p("x", num(x)), p("y", str("1"))) }
	see("point", point(1), array(point(2), point(3)))
	see("objects", hash(p("at", point(1)), p("by", hash(p("1", undef()), p("2", point(3))))), point(4))
	see("list of objects", array(point(1), array()), array(str("x"), point(5)))
	see("node", object("Node", p("next", object("Node", p("next", undef()), p("n", num(1)))), p("n", num(2))), object("Node", p("next", undef()), p("n", num(1))))
	see("pairs", object("Pair", p("both", array(num(1), point(1))), p("MarshalPerl", num(1))), object("Pair", p("both", array(num(1), point(1))), p("MarshalPerl", num(1))))
	see("several", point(1), object("Other", p("a", num(1))), object("Other", p("a", num(1)), p("b", num(2))), point(3))
	see("no struct", object("With::Odd", p("a,b", num(1))), object("x y", p("a", num(1))))
	see("other objects", perl.NewRef(perl.NewArray(num(1)).Bless("Array")), perl.NewRef(num(1).Bless("Scalar")))
	see("names", object("Register::Types"), object("Test::Register::Types"))
	see("names too", object("ikc"), object("Svc::Client"))
	see("object or not", point(1), point(2), hash(), num(1))
	see("objects seldom", hash(p("at", point(1))), hash(), hash(), undef())
	see("parent", circular(), num(1))
	see("circles", array(self()), hash(p("in", perl.NewRef(circleOfArray()))))
	see("reference", perl.NewRef(num(1)), perl.NewRef(perl.NewRef(undef())))
	see("code", perl.NewRef(perl.NewCode("{ 1 }")), perl.NewRef(perl.NewRegexp("a.b", "i").Bless("Regexp")), perl.NewVString("\x01\x02", "v1.2"), num(1))
	shared := perl.NewHash(p("x", num(1)))
	circle := perl.NewHash()
	circle.AppendPair(p("self", perl.NewRef(circle)))
	see("shared", array(perl.NewRef(shared), perl.NewRef(shared)), perl.NewRef(circle))
	see("weak", array(hash(p("x", perl.NewRef(perl.NewArray()).SetWeak()))), num(1))
	see("restricted", perl.NewRef(perl.NewHash(p("x", num(1))).SetRestricted()), num(1))
	see("optional",
		hash(p("i", num(1)), p("s", str("")), p("l", array()), p("f", array(num(1))), p("o", str("\xff")), p("h", hash(p("x", num(1)))), p("u", undef())),
		hash(p("v", undef()), p("m", hash(p("1", num(1)))), p("t", array(str("x"), num(1)))),
		hash(), hash(p("v", num(1))),
		hash(p("l", array(num(2))), p("u", num(1))), hash())
	a, b := both(func() *perl.Value {
		return hash(p("type", num(1)), p("Type", num(2)), p("TYPE", num(3)), p("item_id", num(4)), p("item-id", num(5)), p("42", num(6)),
			p("größe", num(7)), p("名前", num(8)), p("with `ticks`", num(9)), p(`with "quotes" \ and`, num(10)), p("line\nend", num(11)),
			perl.P("\xff", num(12)), p("\x00", num(13)), p("é", num(14)), p(" ", num(15)), p("E2", num(16)), p("E", num(17)), p("e", num(18)))
	})
	see("keys", a, b)
	see("keys_no_tags", hash(p("", num(1)), p("a,b", num(2)), p("-", num(3))), hash(perl.P("\xc3\xa9", num(1))))
	see("keys_no_tag", hash(p("-", num(1))), hash(p("a,b", num(2))))
	see("keys_seldom", hash(p("ann", num(1))), hash(), hash(p("bob", num(2))), hash(), hash(p("cid", num(3))), hash())
	see("named", hash(p("bolt", num(3)), p("nut", num(1))), array(hash(p("in", hash(p("a", str("x")))))))
	many := perl.NewHash()
	for n := range 3 * maxFields {
		many.AppendPair(p(fmt.Sprintf("key %d", n), array(num(int64(n)))))
	}
	see("many", perl.NewRef(many), array(array(num(1), num(2)), array(), array(num(3))))
	long := array()
	for n := range 3 * maxTuple {
		long.Target().Append(num(int64(n)))
	}
	see("long", long, array(str("x")), array(), array(str("y"), num(1)))
	deep := num(1)
	for range 2 * maxLevels {
		deep = array(deep)
	}
	see("deep", deep, num(1))
	see("type", num(1), num(1))
	see("range", num(1), num(1))
	see("String", num(1), num(1))
	see("post string", num(1), num(1))
	lists := i.state("svc", "lists")
	lists.calls, lists.answered, lists.list = 1, 1, true
	i.shapes.add(lists.raw, num(1))
	i.example(lists, example{list: true}, num(1), num(1), array(num(1), undef(), str("x")))
	posted := i.state("svc2", "posted")
	posted.posts = 1
	respond := i.state("svc2", "respond")
	respond.posts, respond.requests, respond.answered = 1, 1, 1
	i.shapes.add(respond.params, hash(p("x", num(1))))
	i.shapes.add(respond.answer, num(7))
	i.example(respond, example{byPost: true}, hash(p("x", num(1))), undef(), num(7))
	refused := i.state("SVC2", "refused")
	refused.calls, refused.errors, refused.refused = 1, 1, 1
	return i
}

// circular is an object that has one which has it.
func circular() *perl.Value {
	whole, part := perl.NewHash().Bless("Whole"), perl.NewHash().Bless("Part")
	part.AppendPair(perl.P("of", perl.NewRef(whole)))
	whole.AppendPair(perl.P("has", perl.NewRef(part)))
	return perl.NewRef(whole)
}

// self is a reference to itself.
func self() *perl.Value {
	v := perl.NewRef(perl.NewUndef())
	v.SetTarget(v)
	return v
}

// circleOfArray is an array that has a reference to itself.
func circleOfArray() *perl.Value {
	a := perl.NewArray()
	a.Append(perl.NewRef(a))
	return a
}

// TestFilesAreTheSame: the same capture gives the same files, and each begins as gen go asks of
// those that it replaces.
func TestFilesAreTheSame(t *testing.T) {
	first, err := allKinds(t).Files(Writing{Package: "p", Source: "it"})
	if err != nil {
		t.Fatal(err)
	}
	same := allKinds(t)
	for n := range 6 {
		if n%2 == 0 {
			same = allKinds(t)
		}
		again, err := same.Files(Writing{Package: "p", Source: "it"})
		if err != nil {
			t.Fatal(err)
		}
		for n, f := range again {
			if string(f.Text) != string(first[n].Text) {
				t.Fatalf("%s differs", f.Name)
			}
			if !strings.HasPrefix(string(f.Text), Header) {
				t.Errorf("%s: expected %q first", f.Name, Header)
			}
		}
	}
}

// TestNoExamples: nothing that was recorded is in the files.
func TestNoExamples(t *testing.T) {
	i := newInterface()
	s := i.state("svc", "get")
	s.calls, s.answered = 1, 1
	secret := func() *perl.Value { return perl.HashRef(perl.P("password", perl.NewBytes("hunter2"))) }
	i.shapes.add(s.raw, secret())
	i.shapes.add(s.answer, perl.NewBytes("hunter2"))
	i.example(s, example{}, secret(), secret(), perl.NewBytes("hunter2"))
	for _, without := range []bool{false, true} {
		files, err := i.Files(Writing{Package: "p", NoExamples: without})
		if err != nil {
			t.Fatal(err)
		}
		has := slices.ContainsFunc(files, func(f File) bool { return strings.Contains(string(f.Text), "hunter2") })
		if has == without {
			t.Errorf("without examples: %v; the secret is there: %v", without, has)
		}
	}
}

// TestPlacesAreBounded: beyond so many places there are no types, and that is told.
func TestPlacesAreBounded(t *testing.T) {
	for places := 0; places < maxShapes-allKinds(t).shapes.left; places += 9 {
		i := kindsOf(t, places)
		if _, err := i.Files(Writing{Package: "p"}); err != nil {
			t.Fatalf("%d places: %v", places, err)
		}
		if left := strings.Join(i.Left(), "\n"); !strings.Contains(left, "places in values") {
			t.Errorf("%d places: expected to be told, got %q", places, left)
		}
	}
}

// TestStatesAreBounded: states beyond the bound are counted, and so are examples.
func TestStatesAreBounded(t *testing.T) {
	i := newInterface()
	for n := range maxStates {
		if i.state("svc", fmt.Sprint("state", n)) == nil {
			t.Fatalf("expected %d states, got %d", maxStates, n)
		}
	}
	if i.state("svc", "one more") != nil || i.state("more", "x") != nil || i.state("svc", "state0") == nil {
		t.Errorf("expected no more than %d states", maxStates)
	}
	s := i.state("svc", "state0")
	for n := range maxExamples + 3 {
		i.example(s, example{}, perl.NewInt(int64(n)), perl.NewInt(int64(n)), nil)
	}
	i.example(i.state("svc", "state1"), example{}, nil, perl.NewBytes(strings.Repeat("x", maxExampleOctets)), nil)
	if len(s.examples) != maxExamples || i.leftExamples != 4 {
		t.Errorf("expected %d examples and 4 left out, got %d and %d", maxExamples, len(s.examples), i.leftExamples)
	}
}

// TestRead: what the generated client is called with, and gives, is what the captures show.
func TestRead(t *testing.T) {
	for path, want := range map[string][]string{
		"captures/perl-server-perl-clientlite-ikc0.pcapng": {
			"List(ctx context.Context, params string) ([]*perl.Value, error)", // called for a list
			"Args(ctx context.Context, params string) ([]string, error)",
			"Respond(ctx context.Context, params string) (string, error)", // by post
			"PostCount(ctx context.Context, params string) error",
			`not published: "hidden"`,
		},
		"captures/field/post-respond.pcapng": {
			"Pr(ctx context.Context, params int64) (int64, error)",
			"Silent(ctx context.Context, params int64) (*perl.Value, error)",
		},
		"captures/field/b12-undef.pcap":           {"Nothing(ctx context.Context, params string) (*perl.Value, error)", "Run(ctx context.Context"},
		"conformance/replay/testdata/crew.pcapng": {"PostJoin(ctx context.Context, params []string) error", `seen at "Ann", "Cid", "Bob"`},
	} {
		files, err := read(t, filepath.Join(repository, path)).Files(Writing{Package: "p", Source: "x"})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		client := strings.ReplaceAll(string(files[1].Text), "\n// ", " ")
		for _, text := range want {
			if !strings.Contains(client, text) {
				t.Errorf("%s: expected %q in\n%s", path, text, client)
			}
		}
	}
}

// TestNames: names of Go for names of Perl.
func TestNames(t *testing.T) {
	for name, want := range map[string]string{"item_id": "ItemID", "url": "URL", "": "X", "42": "X42", "größe": "Größe", "名前": "X名前", "a-b c": "ABC",
		"\xff": "X", "type": "Type", "someName": "SomeName", strings.Repeat("x", 100): "X" + strings.Repeat("x", 59)} {
		if got := identifier(name); got != want {
			t.Errorf("%q: expected %s, got %s", name, want, got)
		}
	}
	n := namer{"NewX": true}
	for _, want := range []string{"X2", "X3"} {
		if got := n.pick("X", "%s", "New%s"); got != want {
			t.Errorf("expected %s, got %s", want, got)
		}
	}
	for text, want := range map[string]string{"My-Service": "myservice", "42": "", "a_test": "atest", "main": "", "func": "", "3d": "d"} {
		if got := PackageName(text); got != want {
			t.Errorf("%s: expected %q, got %q", text, want, got)
		}
	}
	if CheckPackageName("x_test") == nil || CheckPackageName("x") != nil {
		t.Error("expected x, and no x_test")
	}
}
