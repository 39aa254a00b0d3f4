# What people type; "make help" lists it.

STATICCHECK = go run honnef.co/go/tools/cmd/staticcheck@v0.8.2

# What quick leaves out: packages that run targets or containers, and tests that take long or start a browser, tshark or Perl.
QUICK = ./reference/... ./internal/... ./conformance/capture ./conformance/cell ./conformance/checks/... \
	./conformance/contract ./conformance/dialogue ./conformance/judge ./conformance/known ./conformance/mutants/octets \
	./conformance/report ./conformance/spec ./conformance/sweep ./conformance/typed
SLOW = Browser|Tshark|Soak|LongStream|Differential|TestShallow|TestCompare$$|StoredRuns|TestMerge|TestTAP|HTMLIsBounded

.PHONY: all help build format quick check vuln pin test race generate captures rejudge examples bench compare fuzz mutate site

all: check test ## analyse and test everything

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build ./ikc-conform, statically linked
	CGO_ENABLED=0 go build -o ikc-conform ./cmd/ikc-conform

quick: format ## the inner loop, under a minute: formatting, go vet, the fast tests
	go vet ./...
	go test -short -skip '$(SLOW)' $(QUICK)

check: format ## what CI asks first: formatting, go vet, types on macOS and Windows, checksums of modules, staticcheck
	go vet ./...
	go run ./internal/house/systems darwin windows
	go mod verify
	$(STATICCHECK) ./...
	go test ./internal/house

vuln: ## known vulnerabilities in what is linked; says if their database was not reached (VULN=must: and fails)
	@.ci/vuln

pin: ## print the commits and digests that actions and base images have now, for who brings pins up to date
	@.ci/pin

format: ## say which Go files gofmt would change; change none
	@files=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$files" ]; then echo "gofmt would change:"; echo "$$files"; exit 1; fi

test: ## all tests; what is missing here (Perl, Docker, tshark) is skipped with a reason
	go test ./...
	cd examples/metrics && go test ./...

race: ## all tests of the kernel and the harness with the race detector
	go test -race ./reference/... ./conformance/...

generate: rejudge examples ## after a change of checks, defects or clauses: write anew all files that follow from them
	go test ./conformance/spec -run 'TestDocument' -update
	go test ./cmd/ikc-conform -run 'TestConfigSchema' -update
	go run ./cmd/ikc-conform mutants >conformance/mutants/matrix.new
	mv conformance/mutants/matrix.new conformance/mutants/matrix.txt
	go test ./cmd/ikc-conform -run 'TestScripts|TestGuides|TestFirstScreen|TestReadme' -update
	git diff --stat

captures: ## record the captures again from the real POE::Component::IKC that perl finds (PERL5LIB), and judge them
	go run ./conformance/recordings/record
	git diff --stat -- captures

rejudge: ## judge the captures anew: sidecars, captures/outcomes.txt, and the examples that captures show
	go run ./conformance/recordings/record -rejudge

examples: ## the examples of "explain" that no capture shows, from runs of the real module and of the reference
	go run ./conformance/recordings/record -examples

bench: ## benchmarks of serializers, kernel and the reading of captures, with Perl in the same run where it is
	go test -run xxx -bench . ./reference/... ./conformance/capture ./conformance/dialogue ./conformance/recordings

compare: ## the kernel beside Perl, the ceiling, a raw echo, net/rpc, gRPC and NATS, each a process of its own; six minutes
	cd benchmarks && go run .

SITE ?= public
site: ## write specification, checks, guides and benchmarks as pages to ./public; SITE=DIR for another folder
	go run ./cmd/ikc-conform site $(SITE)

FUZZTIME ?= 10s
fuzz: ## a short round of every fuzz target; FUZZTIME=10m for a long one
	@set -e; for pkg in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "$$pkg $$target"; go test -run xxx -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg; \
	  done; done

MUTATIONS ?= 5000
mutate: ## try the checks on 5,000 mutations that matter to real Perl, about an hour; MUTATIONS=100 for a few
	go run ./conformance/mutator/mutate -count $(MUTATIONS)
