// Package ikcconform holds the pages of the repository that the command carries with it, for the
// site that it writes.
package ikcconform

import "embed"

// Pages are pages for people, in Markdown, and tables of what was found of releases, Perls and
// captures, by their paths in the repository.
//
//go:embed README.md CHANGELOG.md SECURITY.md docs/benchmarks.md docs/stability.md docs/guides/*.md
//go:embed conformance/DRIVER.md captures/outcomes.txt captures/releases/matrix.txt captures/perls/matrix.txt
var Pages embed.FS
