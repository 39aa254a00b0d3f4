package checks

import (
	"os"
	"runtime/debug"
	"testing"
)

// TestMain has garbage collected less often: much is read of which nothing stays.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}
