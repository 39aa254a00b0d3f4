package dialogue

// Held is what connections hold, in octets of memory, and what they may.
func (b *Builder) Held() (held, most int) { return b.held, b.maxHeld }

// LargeKept is of how many large images values are kept.
func LargeKept() (n int) {
	large.mu.Lock()
	defer large.mu.Unlock()
	for _, x := range large.last {
		if x.value != nil {
			n++
		}
	}
	return n
}
