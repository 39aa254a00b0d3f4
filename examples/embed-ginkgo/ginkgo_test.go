// Package embedginkgo shows how the checks are made part of a Ginkgo suite: a spec for each.
package embedginkgo

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/suite"
)

func TestKernel(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "my kernel")
}

var _ = Describe("my kernel", func() {
	suite.Register("reference", harness.Options{})
})
