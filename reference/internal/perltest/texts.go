package perltest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Texts is a serializer of texts, to be compared with the module of the machine's Perl.
type Texts struct {
	Package string // as texts.pl names it: FreezeThaw or POE::Component::IKC::Freezer
	Freeze  func(*perl.Value) ([]byte, error)
	Thaw    func([]byte) (*perl.Value, error)

	// Images thaws images of Storable, by which structures are compared.
	Images func([]byte) (*perl.Value, error)
}

// textAnswer is what texts.pl answers.
type textAnswer struct{ exact, image, text, again, other string }

func (x *Texts) ask(t testing.TB, p *Process, seed, size int, text []byte) (a textAnswer) {
	t.Helper()
	request := fmt.Sprintf("%s %d %d %d\n%s", x.Package, seed, size, len(text), text)
	if err := p.Ask(request, &a.exact, &a.image, &a.text, &a.again, &a.other); err != nil {
		t.Fatal(err)
	}
	return a
}

// differ checks one structure in both directions and says what is wrong, or "".
func (x *Texts) differ(t testing.TB, p *Process, seed, size int) string {
	t.Helper()
	a := x.ask(t, p, seed, size, nil)
	tree, err := x.Images([]byte(a.image))
	if err != nil {
		return fmt.Sprintf("storable: %v", err)
	}
	text, err := x.Freeze(tree)
	if err != nil {
		return fmt.Sprintf("Freeze: %v\n%s", err, perl.Format(tree, perl.FormatOptions{}))
	}
	if a.exact == "1" && string(text) != a.text {
		return fmt.Sprintf("text:\nGo   %q\nPerl %q", text, a.text)
	}
	if !strings.HasPrefix(a.again, "error: ") {
		if why := x.same(a.text, a.again); why != "" {
			return "Perl's text: " + why
		}
	} else if _, err := x.Thaw([]byte(a.text)); err == nil && a.exact == "1" {
		return fmt.Sprintf("Go reads, but Perl does not: %s\n%q", a.again, a.text)
	}
	b := x.ask(t, p, 0, 0, text)
	if why := x.same(string(text), b.other); why != "" {
		return "Go's text: " + why
	}
	return ""
}

// same compares what a text thaws to in Go with the Storable image of what it thaws to in Perl.
func (x *Texts) same(text, image string) string {
	v, err := x.Thaw([]byte(text))
	if err != nil {
		return fmt.Sprintf("%v\n%q", err, text)
	}
	w, err := x.Images([]byte(image))
	if err != nil {
		return fmt.Sprintf("Perl: %.200s\n%q", image, text)
	}
	if d := perl.Diff(v, w); d != "" {
		return fmt.Sprintf("%s\n%q", d, text)
	}
	return ""
}

// Differential compares Go and Perl on random structures, which script (texts.pl of package
// storable) makes.
func (x *Texts) Differential(t *testing.T, script string, structures int) {
	t.Helper()
	Need(t, "FreezeThaw", "Storable", "Data::Dumper")
	p := Start(t, script)
	defer p.Stop()
	start, failed := time.Now(), 0
	for seed := 1; seed <= structures; seed++ {
		size := 1 + seed%25
		why := x.differ(t, p, seed, size)
		if why == "" {
			continue
		}
		for s := 1; s < size; s++ { // the same seed with less room
			if w := x.differ(t, p, seed, s); w != "" {
				size, why = s, w
				break
			}
		}
		t.Errorf("seed %d, size %d: %s", seed, size, why)
		if failed++; failed >= 5 {
			t.FailNow()
		}
	}
	t.Logf("%d structures in %v", structures, time.Since(start).Round(time.Millisecond))
}
