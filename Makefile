# What people type: check, test, captures, bench, build.

STATICCHECK = go run honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: all build check test race captures rejudge examples bench fuzz

all: check test

build:
	CGO_ENABLED=0 go build -o ikc-conform ./cmd/ikc-conform

# Formatting and static analysis.
check:
	@files=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$files" ]; then echo "gofmt would change:"; echo "$$files"; exit 1; fi
	go vet ./...
	go mod verify
	$(STATICCHECK) ./...
	go test ./internal/house

test:
	go test ./...

race:
	go test -race ./reference/... ./conformance/...

# Record the captures again from the real POE::Component::IKC that the local perl finds (PERL5LIB), and
# write down what every check says of them. rejudge does the second only.
captures:
	go run ./conformance/recordings/record
	git diff --stat -- captures

rejudge:
	go run ./conformance/recordings/record -rejudge

# The examples of 'ikc-conform explain' that no capture shows, from runs of the real module and the reference.
examples:
	go run ./conformance/recordings/record -examples

# Benchmarks of the codecs, the kernel and the reading of captures, with Perl in the same run where it is.
bench:
	go test -run xxx -bench . ./reference/... ./conformance/capture ./conformance/dialogue ./conformance/recordings

# A short round over every fuzz target; FUZZTIME=10m for a long one.
FUZZTIME ?= 10s
fuzz:
	@set -e; for pkg in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "$$pkg $$target"; go test -run xxx -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg; \
	  done; done
