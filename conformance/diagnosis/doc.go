// Package diagnosis notices what is worth knowing of captured conversations without being a
// violation: calls that got no answer and why, error reports, negotiations that broke off,
// connections that were refused, two processes of one name. It judges nothing.
//
//	var c diagnosis.Collector
//	err := dialogue.ReadParts(events, opts, window, func(p *dialogue.Part) { c.Part(p) })
//	for _, f := range c.Findings() { ... }
//
// Each kind of notice has an id, which is never used again for another; see [Kinds]. Who reads
// connections in several goroutines has a [Watch] for each, and adds it to the Collector when the
// connection has ended.
package diagnosis
