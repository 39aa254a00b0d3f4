package perltest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Texts is a serializer of texts, to be compared with the module of the machine's Perl.
type Texts struct {
	Package string // as texts.pl names it: FreezeThaw or POE::Component::IKC::Freezer
	Module  string // that does it
	Freeze  func(*perl.Value) ([]byte, error)
	Thaw    func([]byte) (*perl.Value, error)

	// Images thaws images of Storable, by which structures are compared.
	Images func([]byte) (*perl.Value, error)
}

// textAnswer is what texts.pl answers.
type textAnswer struct{ words, image, text, again, other string }

func (a *textAnswer) says(word string) bool { return slices.Contains(strings.Fields(a.words), word) }

func (x *Texts) ask(t testing.TB, p *Process, seed, size int, text []byte) (a textAnswer) {
	t.Helper()
	request := fmt.Sprintf("%s %d %d %d\n%s", x.Package, seed, size, len(text), text)
	if err := p.Ask(request, &a.words, &a.image, &a.text, &a.again, &a.other); err != nil {
		t.Fatal(err)
	}
	return a
}

// dumped are booleans as Perl writes them, and as Go does.
var dumped = strings.NewReplacer("!!1", "1", "!!0", "''")

// differ checks one structure in both directions and says what is wrong, or "".
func (x *Texts) differ(t testing.TB, p *Process, seed, size int, seen Seen) string {
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
	if why := x.perls(a, text, seen); why != "" {
		return why
	}
	b := x.ask(t, p, 0, 0, text)
	if why := x.same(string(text), b.other); why != "" {
		return "Go's text: " + why
	}
	return ""
}

// perls checks a text of Perl against that of Go.
func (x *Texts) perls(a textAnswer, own []byte, seen Seen) string {
	text := a.text
	if a.says("booleans") && x.Module == DumpedBooleans.Module {
		if text = dumped.Replace(text); text != a.text {
			seen[DumpedBooleans]++
		}
	}
	why := ""
	if !a.says("inexact") && string(own) != text {
		why = fmt.Sprintf("text:\nGo   %q\nPerl %q", own, text)
	} else if !strings.HasPrefix(a.again, "error: ") {
		if d := x.same(a.text, a.again); d != "" {
			why = "Perl's text: " + d
		}
	} else if _, err := x.Thaw([]byte(a.text)); err == nil {
		why = fmt.Sprintf("Go reads, but Perl does not: %s\n%q", a.again, a.text)
	}
	if why != "" && a.says("repeated") && x.Module == RepeatedTexts.Module {
		seen[RepeatedTexts]++
		return ""
	}
	if why != "" && a.says("nul") && x.Module == NULKeys.Module {
		seen[NULKeys]++
		return ""
	}
	return why
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
func (x *Texts) Differential(t *testing.T, script string) {
	t.Helper()
	Each(t, func(t *testing.T, with driver.Perl) {
		Need(t, with, "FreezeThaw", "Storable", "Data::Dumper")
		p := Start(t, with, script)
		defer p.Stop()
		start, failed, n, seen := time.Now(), 0, Structures(), Seen{}
		for seed := 1; seed <= n; seed++ {
			size := 1 + seed%25
			why := x.differ(t, p, seed, size, seen)
			if why == "" {
				continue
			}
			for s := 1; s < size; s++ { // the same seed with less room
				if w := x.differ(t, p, seed, s, seen); w != "" {
					size, why = s, w
					break
				}
			}
			t.Errorf("seed %d, size %d: %s", seed, size, why)
			if failed++; failed >= 5 {
				t.FailNow()
			}
		}
		seen.Hold(t, with, x.Module, n)
		t.Logf("%d structures in %v", n, time.Since(start).Round(time.Millisecond))
	})
}
