package anonymise

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	mathrand "math/rand/v2"
)

// minKey is how many octets a key has at least.
const minKey = 16

// Key decides what things are replaced by. Who has it can find out what they were: it is to be kept
// as the capture itself.
type Key []byte

// NewKey makes a key that nobody has.
func NewKey() Key {
	k := make(Key, sha256.Size)
	rand.Read(k) // it never fails
	return k
}

// ReadKey takes the octets of a file as a key. The error says that there are too few.
func ReadKey(octets []byte) (Key, error) {
	if len(octets) < minKey {
		return nil, fmt.Errorf("expected a key of at least %d octets that nobody can guess, got %d", minKey, len(octets))
	}
	return Key(octets), nil
}

// stream gives numbers that follow from a key and from some octets, and from nothing else.
func (k Key) stream(label string, of ...[]byte) *mathrand.ChaCha8 {
	h := hmac.New(sha256.New, k)
	var size [8]byte
	for _, part := range append([][]byte{[]byte(label)}, of...) {
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write(part)
	}
	return mathrand.NewChaCha8([sha256.Size]byte(h.Sum(nil)))
}

// rounds is how many rounds a permutation has.
const rounds = 8

// permute replaces the digits of a number, each of which is below its radix, so that different
// numbers with the same radices stay different.
func (k Key) permute(label string, digits, radices []uint64) {
	if len(digits) < 2 { // with one half empty, a round adds the same to every digit
		for i := range digits {
			s := k.stream(label, []byte("alone"), octetsOf(radices))
			digits[i] = (digits[i] + s.Uint64()%radices[i]) % radices[i]
		}
		return
	}
	middle := len(digits) / 2
	shape := octetsOf(radices)
	for round := range byte(rounds) {
		to, by := [2]int{middle, len(digits)}, digits[:middle]
		if round%2 == 1 {
			to, by = [2]int{0, middle}, digits[middle:]
		}
		s := k.stream(label, []byte{round}, shape, octetsOf(by))
		for i := to[0]; i < to[1]; i++ {
			digits[i] = (digits[i] + s.Uint64()%radices[i]) % radices[i]
		}
	}
}

func octetsOf(list []uint64) []byte {
	b := make([]byte, 0, 4*len(list))
	for _, n := range list {
		b = binary.AppendUvarint(b, n)
	}
	return b
}

// within replaces a number from first to last by one of these: different ones stay different.
func (k Key) within(label string, n, first, last uint64) uint64 {
	size := last - first + 1
	if size < 2 {
		return n
	}
	half := uint64(1) // two digits of this radix hold the numbers
	for half < 1<<32 && half*half < size {
		half *= 2
	}
	at := n - first
	for {
		digits := []uint64{at / half, at % half}
		k.permute(label, digits, []uint64{half, half})
		if at = digits[0]*half + digits[1]; at < size {
			return first + at
		}
	}
}
