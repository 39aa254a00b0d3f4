package checks

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestCatalogue: each check says what a reader needs to know, once, under an id of its own.
func TestCatalogue(t *testing.T) {
	ids, texts := map[string]bool{}, map[string]bool{}
	id := regexp.MustCompile(`^[A-Z]+(-IKC0?|-LINE|-NAME)?-\d\d\d$`)
	for _, c := range Catalogue() {
		if !id.MatchString(c.ID) || ids[c.ID] {
			t.Errorf("%s: expected an id of its own, AREA-nnn", c.ID)
		}
		if texts[c.Requirement] || !strings.HasSuffix(c.Requirement, ".") {
			t.Errorf("%s: expected a sentence of its own, got %q", c.ID, c.Requirement)
		}
		if c.Source == "" || c.Needs == "" || c.Judge == nil {
			t.Errorf("%s: expected a source, what it needs, and a predicate", c.ID)
		}
		ids[c.ID], texts[c.Requirement] = true, true
	}
	if len(ids) < 150 {
		t.Errorf("expected at least 150 checks, got %d", len(ids))
	}
}

func TestSelect(t *testing.T) {
	all, err := Select()
	if err != nil || len(all) != len(Catalogue()) {
		t.Errorf("expected all checks, got %d, %v", len(all), err)
	}
	some, err := Select("CTX-00[12]", "PING-001")
	var ids []string
	for _, c := range some {
		ids = append(ids, c.ID)
	}
	if err != nil || !slices.Equal(ids, []string{"CTX-001", "CTX-002", "PING-001"}) {
		t.Errorf("expected three checks, got %v, %v", ids, err)
	}
	for _, bad := range []string{"NONE-*", "[", "ctx-001", ""} {
		if got, err := Select("CTX-001", bad); err == nil {
			t.Errorf("%q: expected an error, got %d checks", bad, len(got))
		}
	}
}
