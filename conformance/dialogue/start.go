package dialogue

import (
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// looksLikeStart tells whether a client's line may open a negotiation.
func looksLikeStart(line string) bool {
	return strings.HasPrefix(line, "SETUP") || strings.HasPrefix(line, "HELLO")
}

// means tells whether a line, before any other sign of IKC, means it and says it wrong: in small
// letters, or too early. That is for checks to find, and no other protocol.
func means(from wire.Role, line string) bool {
	line = strings.TrimSpace(line)
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch strings.ToUpper(word) {
	case "IAM":
		return wire.ValidName(rest)
	case "SETUP":
		rest = strings.ToUpper(rest)
		return strings.Contains(rest, "KERNEL=") || strings.Contains(rest, "FREEZER=")
	}
	if from == wire.Server {
		return false // others may say OK and DONE as well
	}
	switch strings.ToUpper(word) {
	case "HELLO":
		rest = strings.ToUpper(rest)
		return rest == "" || strings.HasPrefix(rest, "IAM") || strings.HasPrefix(rest, "IKC")
	case "FREEZER":
		return wire.ValidSerializer(rest)
	case "WORLD":
		return rest == ""
	}
	return false
}
