// Package embedtest shows how the checks are run in a plain 'go test'. Put your own driver in place
// of "reference": "cmd:./mydriver", see conformance/DRIVER.md.
package embedtest

import (
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/suite"
)

func TestConformance(t *testing.T) {
	suite.Run(t, "reference", harness.Options{})
}
