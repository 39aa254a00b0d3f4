// Package reduce makes the smallest capture that still shows something: that a check fails, or that
// diagnose notices it. It leaves out connections, then messages, then parts of params, by trying
// whether what is left still shows it. Negotiations stay, unless they are what shows it.
//
// What is left is what was sent, octet by octet, but for images of which params were made smaller:
// these are frozen again. It is written as a new capture, so what only TCP shows, such as segments,
// gaps and retransmissions, is not in it; then nothing can be reduced, and that is said. Comments
// on packets stay with the connections and with what was said in them; where a relay counts octets
// in one, these are those that are left.
package reduce
