// Package deep keeps what is nested deeply from making the stacks of goroutines large that live
// long: a stack of some MiB, which ten thousand levels need, is not given back before the collector
// has run several times, and a peer can send so many levels in ten thousand octets.
//
// Whoever recurses goes Shallow levels down, and if that is not enough, begins anew by Call.
package deep

// Shallow is how many levels are gone down by a goroutine that may live long: half a MiB of stack.
const Shallow = 500

// Most is how many levels may be asked for. With it no stack comes near the 250 MB that Go allows
// where addresses have 32 bits: the most that 100,000 levels take there is 64 MiB, elsewhere 128
// MiB, and twice that with the race detector.
const Most = 100_000

// Call calls f in a goroutine of its own, whose stack goes with it, and waits for it. A panic of f
// is one of Call.
func Call(f func()) {
	done := make(chan any)
	go func() {
		defer func() { done <- recover() }()
		f()
	}()
	if p := <-done; p != nil {
		panic(p)
	}
}
