package mutator

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// octetOperation makes another frame of an image.
type octetOperation struct {
	name  string
	apply func(r *rand.Rand, image []byte) []byte
}

// image is an operation on an image, whose length is right then.
func image(to func(r *rand.Rand, image []byte) []byte) func(*rand.Rand, []byte) []byte {
	return func(r *rand.Rand, image []byte) []byte { return wire.AppendFrame(nil, to(r, bytes.Clone(image))) }
}

// length is an operation on the length alone.
func length(to func(r *rand.Rand, n int) string) func(*rand.Rand, []byte) []byte {
	return func(r *rand.Rand, image []byte) []byte {
		return append([]byte(to(r, len(image))), image...)
	}
}

// front is how many octets of an image are its head.
const front = 8

var octetOperations = []octetOperation{
	{"octet changed", image(func(r *rand.Rand, b []byte) []byte { b[r.IntN(len(b))] ^= 1 << r.IntN(8); return b })},
	{"octet replaced", image(func(r *rand.Rand, b []byte) []byte { b[r.IntN(len(b))] = byte(r.IntN(256)); return b })},
	{"octet of the head changed", image(func(r *rand.Rand, b []byte) []byte { b[r.IntN(min(front, len(b)))] ^= 1 << r.IntN(8); return b })},
	{"octet lost", image(func(r *rand.Rand, b []byte) []byte { i := r.IntN(len(b)); return slices.Delete(b, i, i+1) })},
	{"octet added", image(func(r *rand.Rand, b []byte) []byte { return slices.Insert(b, r.IntN(len(b)), byte(r.IntN(256))) })},
	{"cut", image(func(r *rand.Rand, b []byte) []byte { return b[:r.IntN(len(b))] })},
	{"octets behind", image(func(_ *rand.Rand, b []byte) []byte { return append(b, "mutant"...) })},
	{"no image", image(func(*rand.Rand, []byte) []byte { return nil })},
	{"too short a length", length(func(_ *rand.Rand, n int) string { return strconv.Itoa(n-1) + "\x00" })},
	{"too long a length", length(func(_ *rand.Rand, n int) string { return strconv.Itoa(n+1) + "\x00" })},
	{"length with a zero before", length(func(_ *rand.Rand, n int) string { return "0" + strconv.Itoa(n) + "\x00" })},
	{"length with a sign", length(func(_ *rand.Rand, n int) string { return "+" + strconv.Itoa(n) + "\x00" })},
	{"length with a space before", length(func(_ *rand.Rand, n int) string { return " " + strconv.Itoa(n) + "\x00" })},
	{"length with a space behind", length(func(_ *rand.Rand, n int) string { return strconv.Itoa(n) + " \x00" })},
	{"length with a line end", length(func(_ *rand.Rand, n int) string { return strconv.Itoa(n) + "\n\x00" })},
	{"length with a fraction", length(func(_ *rand.Rand, n int) string { return strconv.Itoa(n) + ".0\x00" })},
	{"length in hexadecimal", length(func(_ *rand.Rand, n int) string { return fmt.Sprintf("%x", n) + "\x00" })},
	{"length without NUL", length(func(_ *rand.Rand, n int) string { return strconv.Itoa(n) })},
	{"length with two NULs", length(func(_ *rand.Rand, n int) string { return strconv.Itoa(n) + "\x00\x00" })},
}

// ofOctets chooses a change of the octets of a frame.
func ofOctets(r *rand.Rand, m *Mutation, u *usual) bool {
	conn, n, message := someMessage(r, u, m.Cast.Serializer.Wire())
	if message == nil {
		return false
	}
	op := octetOperations[r.IntN(len(octetOperations))]
	m.Op, m.Place = op.name, "the frame of a "+sort(message)
	m.Detail = fmt.Sprintf("frame %d of connection %d", n, conn)
	m.at = func(c, i int) bool { return c == conn && i == n }
	if r.IntN(8) == 0 {
		m.Scope, m.at = "from there on", func(c, i int) bool { return c > conn || c == conn && i >= n }
	}
	m.change = func(s *mutant, _ int, u *unit) (bool, error) {
		octets := u.octets
		if u.frame && len(u.image) > 0 {
			octets = op.apply(m.rand(), u.image)
		}
		s.later.say(s.pass, octets)
		return !bytes.Equal(octets, u.octets), nil
	}
	return true
}
