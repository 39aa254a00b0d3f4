package conformance

import (
	"fmt"
	"path"
	"slices"
)

// Catalogue returns all checks, area by area.
func Catalogue() []*Check {
	return slices.Concat(
		AreaShownHSIKC0(),
		AreaShownHSLINE(),
		AreaShownHSNAME(),
		AreaShownHCIKC0(),
		AreaShownHSIKC(),
		AreaShownHCIKC(),
		AreaShownFR(),
		AreaShownSER(),
		AreaShownVAL(),
		AreaShownMSG(),
		AreaShownCALL(),
		AreaShownPOST(),
		AreaShownCTX(),
		AreaShownPING(),
		AreaShownHAVE(),
		AreaShownERR(),
		AreaShownSND(),
		AreaShownMoreCALL(),
		AreaShownMorePING(),
		AreaShownPRX(),
		AreaShownPUB(),
		AreaShownMoreHAVE(),
		AreaShownMoreERR(),
		AreaShownMoreCTX(),
		AreaShownMoreHSNAME(),
		AreaShownMoreHCIKC0(),
		AreaShownLITE(),
		AreaToldLITE(),
		AreaShownSUB(),
		AreaShownMoreMSG(),
		AreaShownMoreSER(),
		AreaToldMON(),
		AreaToldRUN(),
		AreaToldRSVP(),
		AreaToldSENT(),
		AreaToldLOC(),
		AreaToldSUB(),
		AreaToldNAME(),
		AreaToldDOWN(),
		AreaToldBACK(),
		AreaToldORD(),
		AreaShownROB(),
	)
}

// Select returns the checks of the catalogue whose id matches one of the patterns, which are globs
// such as "HS-*". No pattern selects all. A pattern that matches nothing is an error.
func Select(patterns ...string) ([]*Check, error) {
	all := Catalogue()
	if len(patterns) == 0 {
		return all, nil
	}
	wanted := map[string]bool{}
	for _, p := range patterns {
		found := false
		for _, c := range all {
			ok, err := path.Match(p, c.ID)
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
	return slices.DeleteFunc(all, func(c *Check) bool { return !wanted[c.ID] }), nil
}
