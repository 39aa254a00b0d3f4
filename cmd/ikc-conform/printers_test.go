package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// mark shows that a foreign text was printed at all.
const mark = "MARK"

// forged begins a line if somebody else's line end came through.
const forged = "FORGED"

// unseen are characters that act on a terminal, or cannot be seen.
var unseen = []*unicode.RangeTable{unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Variation_Selector}

// controls are all characters and octets that must not reach a terminal raw.
func controls() string {
	var b strings.Builder
	for r := rune(1); r <= unicode.MaxRune; r++ { // NUL ends what the system takes as an argument
		if r != '\n' && r != '\r' && r < 0x10000 && unicode.In(r, unseen...) {
			b.WriteRune(r)
		}
	}
	for c := 0x80; c < 0xa0; c++ {
		b.WriteByte(byte(c))
		b.WriteByte(' ') // so that no two of them make a character
	}
	return b.String() + "\x1b]52;c;QUJD\x07\x1b[31m"
}

// Foreign texts: on one line, as a negotiation has them; with line ends, as an argument; short
// enough for the name of a file; and with NUL, as messages have them.
var (
	foreignLine = mark + strings.NewReplacer("/", "", ",", "", ";", "").Replace(controls()) + "##[error]x ##vso[task.complete]y"
	foreignName = foreignLine + "\n" + forged + "\r\n::error title=x::" + forged + "\n##teamcity[z" +
		"\u2028" + forged
	foreignFile = mark + "\x1b[31m\u202e\u009b\x9b\u2028" + forged + "\n" + forged + "\n::error::" + forged + "##[error]"
	foreignText = "\x00" + strings.ReplaceAll(foreignName, "\n", "\n  \x1b") + foreignName
)

// looksClean demands of what was printed that nothing in it acts on a terminal, is taken for a
// command by a CI service, or is a line that somebody else began.
func looksClean(t *testing.T, what, text string) {
	t.Helper()
	wrong := 0
	for i, line := range strings.Split(text, "\n") {
		if wrong > 2 {
			return
		}
		for j, r := range line {
			_, n := utf8.DecodeRuneInString(line[j:])
			if r != '\t' && (r == utf8.RuneError && n == 1 || unicode.In(r, unseen...)) {
				t.Errorf("%s: line %d has %U raw: %q", what, i+1, r, excerpt(line, j))
				return
			}
		}
		bare := strings.TrimLeft(line, " \t")
		if strings.HasPrefix(bare, "::") || strings.Contains(line, "##[") || strings.Contains(line, "##vso[") || strings.Contains(line, "##teamcity[") {
			t.Errorf("%s: line %d is a command to a CI service: %q", what, i+1, excerpt(line, 0))
			wrong++
		}
		if strings.HasPrefix(bare, forged) {
			t.Errorf("%s: line %d was begun by somebody else: %q", what, i+1, excerpt(line, 0))
			wrong++
		}
	}
}

func excerpt(line string, at int) string { return line[max(0, at-40):min(len(line), at+120)] }

// plays are what feeds each command: with foreign texts in whatever it prints that is not its own.
func plays() map[string]func(t *testing.T) {
	arguments := func(args ...string) func(t *testing.T) {
		return func(t *testing.T) { feed(t, false, args...) }
	}
	return map[string]func(t *testing.T){
		"inspect": playInspect, "check": playCheck, "diagnose": playDiagnose, "diff": playDiff, "replay": playReplay, "anonymise": playAnonymise, "reduce": playReduce,
		"gen": arguments("gen", foreignName), "gen go": playGenGo, "report": playReport, "report compare": playCompare,
		"run": playTargets, "matrix": playTargets, "oracle": playTargets, "upgrade": playTargets, "model": playTargets, "driver-check": playTargets,
		"call": playClients, "respond": playClients, "post": playClients, "ping": playClients, "subscribe": playClients, "monitor": playClients,
		"serve": playServe, "doctor": playDoctor, "perls": playPerls, "perls add": playPerls, "record": playRecord, "shadow": playShadow, "driver": playDriver,

		// These print texts of this module, and otherwise only the argument that they do not know.
		"list": arguments("list", foreignName), "explain": arguments("explain", foreignName), "spec": arguments("spec", foreignName),
		"mutants": arguments("mutants", "--jobs", foreignName), "version": arguments("version", foreignName),
		"man": arguments("man", foreignName+"/none/"), "site": playSite, "report schema": arguments("report", "schema", foreignName), "diagnose schema": arguments("diagnose", "schema", foreignName),
		"oracle schema": arguments("oracle", "schema", foreignName), "upgrade schema": arguments("upgrade", "schema", foreignName), "replay schema": arguments("replay", "schema", foreignName), "diff schema": arguments("diff", "schema", foreignName),
		"serve schema": arguments("serve", "schema", foreignName), "shadow schema": arguments("shadow", "schema", foreignName), "anonymise schema": arguments("anonymise", "schema", foreignName), "reduce schema": arguments("reduce", "schema", foreignName),
		"config": arguments("config", foreignName), "config schema": arguments("config", "schema", foreignName),
		"wireshark":  arguments("wireshark", "--install", "--dir", "/dev/null/"+foreignName),
		"completion": arguments("completion", foreignName), "completion bash": arguments("completion", "bash", foreignName),
		"completion zsh": arguments("completion", "zsh", foreignName), "completion fish": arguments("completion", "fish", foreignName),
		"completion powershell": arguments("completion", "powershell", foreignName),
	}
}

// TestPrintersAreClean feeds every command there is with every control character, in names of
// kernels, sessions and states, params, lines of negotiations, error reports, lines of drivers,
// file names and arguments, and lets none of them out raw.
func TestPrintersAreClean(t *testing.T) {
	all := plays()
	played := map[string]bool{}
	root := newRoot()
	completionCommand(root)
	for _, c := range descendants(root) {
		if !c.Runnable() || c.Name() == "help" {
			continue
		}
		name := strings.TrimPrefix(c.CommandPath(), "ikc-conform ")
		if all[name] == nil {
			t.Errorf("%s: expected a line in plays, which feeds it with foreign texts", name)
			continue
		}
		played[name] = true
		t.Run(name, all[name])
	}
	for name := range all {
		if !played[name] {
			t.Errorf("%s is in plays, and no command", name)
		}
	}
	t.Run("flags and commands unknown", func(t *testing.T) {
		feed(t, true, foreignName)
		feed(t, true, "check", "--"+foreignName)
		feed(t, false, "report", "compare", "a", "b", "--gate", foreignName)
		feed(t, false, "help", foreignName)
	})
}

// feed runs a command, demands that what it prints is clean and, if it is to show a foreign text,
// that it does, and returns it.
func feed(t *testing.T, shows bool, args ...string) (out, errs string) {
	t.Helper()
	_, out, errs = command(t, args...)
	what := fmt.Sprintf("%.60q", args)
	looksClean(t, what+" standard output", out)
	looksClean(t, what+" standard error", errs)
	if shows && !strings.Contains(out+errs, mark) {
		t.Errorf("%s: expected it to show %s, got %q and %q", what, mark, out, errs)
	}
	return out, errs
}

// feedJSON is feed for lines of JSON, which must be valid, and mean what was said.
func feedJSON(t *testing.T, want string, args ...string) {
	t.Helper()
	out, _ := feed(t, false, args...)
	found := false
	for d := json.NewDecoder(strings.NewReader(out)); ; {
		var v any
		err := d.Decode(&v)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%.60q: expected JSON, got %v in %q", args, err, out)
		}
		found = found || strings.Contains(fmt.Sprint(v), want)
	}
	if !found {
		t.Errorf("%.60q: expected %q in %q", args, want, out)
	}
}
