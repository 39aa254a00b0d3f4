// Package known holds what is known to be off in releases of implementations: [Deviations] from
// checks, and [Sensitivity] to how TCP cuts the stream. The lists are in deviations.json and
// sensitivities.json; releases are compared as versions.
package known
