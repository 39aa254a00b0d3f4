package suite_test

import (
	"fmt"
	"os"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
	. "github.com/onsi/gomega"
	"go.uber.org/goleak"

	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/suite"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
)

func TestSuite(t *testing.T) {
	t.Setenv("IKC_PERL_BUILD", "never") // tests fetch nothing
	RegisterFailHandler(Fail)
	RunSpecs(t, "ikc-conform")
	goleak.VerifyNone(t, goleak.IgnoreAnyFunction("github.com/onsi/ginkgo/v2/internal/interrupt_handler.(*InterruptHandler).registerForInterrupts.func2"))
}

var _ = Describe("the catalogue", func() {
	suite.Register("reference", harness.Options{})
	suite.Register(perl(), harness.Options{})
	suite.Captures("../../captures")
})

// A line for each target, and one for each reason to skip, for the log of CI.
var _ = ReportAfterSuite("summary", func(r Report) {
	fmt.Println()
	ran, skipped := map[string]int{}, map[string]map[string]int{}
	for _, s := range r.SpecReports {
		if len(s.Labels()) == 0 {
			continue
		}
		target := s.Labels()[0]
		if !s.State.Is(types.SpecStateSkipped) {
			ran[target]++
			continue
		}
		if skipped[target] == nil {
			skipped[target] = map[string]int{}
		}
		skipped[target][s.Failure.Message]++
	}
	for _, target := range []string{"reference", perl(), "captures"} {
		name := target
		if target == perl() {
			name = "real Perl (" + target + ")"
		}
		fmt.Printf("specs: %d ran against %s\n", ran[target], name)
		for reason, n := range skipped[target] {
			fmt.Printf("specs: %d skipped for %s: %s\n", n, name, reason)
		}
	}
})

// perl is the real thing: what the local perl finds, else the newest release among the unpacked
// ones.
func perl() string {
	if os.Getenv("PERL5LIB") != "" {
		return "perl"
	}
	if _, err := targets.Parse("perl@0.2402"); err == nil {
		return "perl@0.2402"
	}
	return "perl"
}
