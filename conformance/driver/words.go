package driver

import (
	"fmt"
	"os"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// Words are the program and the arguments of a command as a person writes it: words with spaces
// between them, in which quotes, backslashes, ~ and {a,b} mean what they mean to a shell. Nothing
// else of a shell is known: what has another meaning there, such as $HOME, | or ;, must be quoted,
// else it is an error that says so. There is at least one word.
func Words(command string) ([]string, error) {
	wrong := func(err error) error {
		return fmt.Errorf("command %q: expected words, which may be quoted: %w", command, err)
	}
	var list []*syntax.Word
	for w, err := range syntax.NewParser().WordsSeq(strings.NewReader(command)) {
		if err != nil {
			return nil, wrong(err)
		}
		list = append(list, w)
	}
	words, err := expand.Fields(&expand.Config{NoUnset: true, Env: expand.FuncEnviron(unset)}, list...)
	if err != nil {
		return nil, wrong(err)
	}
	if len(words) == 0 || words[0] == "" {
		return nil, fmt.Errorf("command %q: expected a program", command)
	}
	return words, nil
}

// unset knows no variable of a shell but the one that ~ stands for.
func unset(name string) string {
	if name == "HOME" {
		return os.Getenv(name)
	}
	return ""
}
