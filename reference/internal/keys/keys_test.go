package keys_test

import (
	"fmt"
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/internal/keys"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

func pairsOf(n int) (pairs []perl.Pair) {
	for i := range n {
		pairs = append(pairs, perl.P(fmt.Sprintf("key %d", i), nil))
	}
	return pairs
}

// TestAdd finds the second of two equal keys, wherever they stand, in hashes that are there and in
// such that grow.
func TestAdd(t *testing.T) {
	for _, n := range []int{2, keys.Few - 1, keys.Few, keys.Few + 1, keys.Few + 2, 1000} {
		for _, twin := range []int{1, n / 2, n - 1} {
			for _, same := range []bool{false, true} {
				pairs := pairsOf(n)
				pairs[twin].Key = pairs[0].Key
				if !same {
					pairs[twin].Flags = perl.KeyUTF8
				}
				for _, grows := range []bool{false, true} {
					var k keys.Set
					found := -1
					for i := range pairs {
						all := pairs
						if grows {
							all = pairs[:i+1]
						}
						if (len(all) > keys.Few || k.Suspect(all[i].Key)) && k.Add(all, i) {
							found = i
						}
					}
					want := -1
					if same {
						want = twin
					}
					if found != want {
						t.Errorf("%d keys, growing %v: found a second one at %d, want %d", n, grows, found, want)
					}
				}
			}
		}
	}
}

func TestFind(t *testing.T) {
	for _, n := range []int{0, 1, keys.Few, keys.Few + 1, 5000} {
		pairs := pairsOf(n)
		var k keys.Set
		for i := range pairs {
			if at := k.Find(pairs, pairs[i].Key, 0); at != i {
				t.Errorf("key %d of %d: found at %d", i, n, at)
			}
			if at := k.Find(pairs, pairs[i].Key, perl.KeyUTF8); at != -1 {
				t.Errorf("key %d of %d, with another flag: found at %d", i, n, at)
			}
		}
		if at := k.Find(pairs, "other", 0); at != -1 {
			t.Errorf("another key than the %d: found at %d", n, at)
		}
	}
}
