package checks

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/checks/shown"
	"github.com/perl-ikc/ikc-conform/conformance/checks/told"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
)

// Catalogue returns all checks, area by area.
func Catalogue() []*judge.Check {
	return slices.Concat(
		shown.HSIKC0(),
		shown.HSLINE(),
		shown.HSNAME(),
		shown.HCIKC0(),
		shown.HSIKC(),
		shown.HCIKC(),
		shown.FR(),
		shown.SER(),
		shown.VAL(),
		shown.MSG(),
		shown.CALL(),
		shown.POST(),
		shown.CTX(),
		shown.PING(),
		shown.HAVE(),
		shown.ERR(),
		shown.SND(),
		shown.MoreCALL(),
		shown.MorePING(),
		shown.PRX(),
		shown.PUB(),
		shown.MoreHAVE(),
		shown.MoreERR(),
		shown.MoreCTX(),
		shown.MoreHSNAME(),
		shown.MoreHCIKC0(),
		shown.LITE(),
		told.LITE(),
		shown.MoreLITE(),
		shown.SUB(),
		shown.MoreMSG(),
		shown.MoreSER(),
		told.MON(),
		told.RUN(),
		told.RSVP(),
		told.SENT(),
		told.LOC(),
		told.SUB(),
		told.NAME(),
		told.DOWN(),
		told.BACK(),
		told.ORD(),
		told.OUT(),
		told.MoreOUT(),
		told.RET(),
		shown.ADDR(),
		shown.SEQ(),
		shown.ROB(),
		shown.ANS(),
		shown.SPC(),
		shown.HSTURN(),
		shown.SAID(),
		shown.END(),
		shown.HCNAME(),
	)
}

// Select returns the checks of the catalogue whose id matches one of the patterns, which are globs
// such as "HS-*", in upper or lower case. No pattern selects all. A pattern that matches nothing is
// an error.
func Select(patterns ...string) ([]*judge.Check, error) {
	all := Catalogue()
	if len(patterns) == 0 {
		return all, nil
	}
	wanted := map[string]bool{}
	for _, p := range patterns {
		found := false
		for _, c := range all {
			ok, err := path.Match(strings.ToUpper(p), c.ID)
			if err != nil {
				return nil, fmt.Errorf("check pattern %q: %w", p, err)
			}
			if ok {
				found, wanted[c.ID] = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("check pattern %q: expected one that matches a check of the catalogue (see 'ikc-conform list'), this matches none", p)
		}
	}
	return slices.DeleteFunc(all, func(c *judge.Check) bool { return !wanted[c.ID] }), nil
}

// Find returns those of the checks that have a word, in upper or lower case, in what the catalogue
// says of them.
func Find(among []*judge.Check, word string) (found []*judge.Check) {
	word = strings.ToLower(word)
	for _, c := range among {
		text := strings.Join([]string{c.ID, c.Requirement, c.Rationale, c.Source, c.Needs}, "\n")
		if strings.Contains(strings.ToLower(text), word) {
			found = append(found, c)
		}
	}
	return found
}
