package gen

import (
	"fmt"
	"go/token"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// maxName is how many characters of a name of Perl's become one of Go's.
const maxName = 60

// initialisms are words that Go has in capitals.
var initialisms = map[string]bool{"api": true, "cpu": true, "dns": true, "html": true, "http": true, "https": true, "id": true, "ip": true,
	"json": true, "pid": true, "sql": true, "ssl": true, "tcp": true, "tls": true, "ttl": true, "udp": true, "uid": true, "uri": true,
	"url": true, "utc": true, "uuid": true, "xml": true}

// identifier is an exported name of Go for a name of Perl's: item_id is ItemID. What begins with no
// letter that has a capital has an X before it, and so has nothing.
func identifier(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) || r == unicode.ReplacementChar })
	for i, w := range words {
		if initialisms[strings.ToLower(w)] {
			words[i] = strings.ToUpper(w)
			continue
		}
		runes := []rune(w)
		runes[0] = unicode.ToUpper(runes[0])
		words[i] = string(runes)
	}
	runes := []rune(strings.Join(words, ""))
	runes = runes[:min(len(runes), maxName)]
	if len(runes) == 0 || !unicode.IsUpper(runes[0]) {
		runes = slices.Insert(runes, 0, 'X')
	}
	return string(runes)
}

// namer gives names that nothing else has.
type namer map[string]bool

// pick takes a name; with a number behind it if one of what forms make of it is taken. A form is
// what the name becomes a part of, as "New%s".
func (n namer) pick(name string, forms ...string) string {
	if len(forms) == 0 {
		forms = []string{"%s"}
	}
	taken := func(name string) bool {
		return slices.ContainsFunc(forms, func(form string) bool { return n[fmt.Sprintf(form, name)] })
	}
	picked := name
	for i := 2; taken(picked); i++ {
		picked = fmt.Sprintf("%s%d", name, i)
		if last := name[len(name)-1]; last >= '0' && last <= '9' {
			picked = fmt.Sprintf("%sX%d", name, i)
		}
	}
	for _, form := range forms {
		n[fmt.Sprintf(form, picked)] = true
	}
	return picked
}

// PackageName makes the name of a package of any text, such as that of its directory, "" if it
// cannot.
func PackageName(text string) string {
	name := strings.ToLower(strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return -1
	}, text))
	name = strings.TrimLeft(name, "0123456789")
	if CheckPackageName(name) != nil {
		return ""
	}
	return name
}

// CheckPackageName says why a package cannot be called so.
func CheckPackageName(name string) error {
	switch {
	case !token.IsIdentifier(name) || name == "_" || strings.HasSuffix(name, "_test"):
		return fmt.Errorf("expected the name of a Go package, such as prices, got %q", name)
	case name == "main":
		return fmt.Errorf("expected the name of a package that others import, got %q", name)
	}
	return nil
}

func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
