package anonymise

import (
	"encoding/binary"
	"net/netip"
	"strings"
)

// ip replaces an address. What is no address of a machine stays: 127.0.0.1, ::1, 0.0.0.0, ::. The
// numbers of an IPv4 address are replaced as numbers are elsewhere, so that texts agree with it.
func (m *mapper) ip(a netip.Addr) netip.Addr {
	if a.IsLoopback() || a.IsUnspecified() {
		return a
	}
	if a.Is4() || a.Is4In6() {
		four := a.As4()
		for i, n := range four {
			four[i] = byte(m.magnitude(uint64(n), false))
		}
		if a.Is4() {
			return netip.AddrFrom4(four)
		}
		return netip.AddrFrom16(netip.AddrFrom4(four).As16())
	}
	groups := a.As16()
	for i := 0; i < len(groups); i += 2 {
		n := binary.BigEndian.Uint16(groups[i:])
		first := uint16(1)
		for first <= n>>4 {
			first <<= 4
		}
		if n > 1 {
			first, last := max(2, uint64(first)), uint64(first)<<4-1
			binary.BigEndian.PutUint16(groups[i:], uint16(m.key.within("group", uint64(n), first, last)))
		}
	}
	return netip.AddrFrom16(groups)
}

func (m *mapper) addrPort(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(m.ip(a.Addr()), uint16(m.magnitude(uint64(a.Port()), false)))
}

// longestAddress is that of an IPv6 address in text.
const longestAddress = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")

// address replaces an address that a text begins with, and says how many characters it has, 0 if
// there is none. IPv4 addresses other than 127.0.0.1 and the like are replaced as numbers are.
func (m *mapper) address(s []uint64) int {
	if len(s) == 0 || strings.IndexByte("0123456789abcdefABCDEF:", lowOctet(s[0])) < 0 {
		return 0
	}
	n := 0
	for n < len(s) && n < longestAddress && strings.IndexByte("0123456789abcdefABCDEF:.", lowOctet(s[n])) >= 0 {
		n++
	}
	text, _ := asString(s[:n])
	if strings.Count(text, ":") >= 2 && (n == len(s) || !isWord(s[n])) {
		if a, err := netip.ParseAddr(text); err == nil {
			if out := m.ip(a).String(); len(out) == len(text) {
				put(s[:n], out)
				return n
			}
		}
	}
	if i := strings.IndexByte(text, ':'); i >= 0 {
		text = text[:i]
	}
	if a, err := netip.ParseAddr(text); err == nil && a.Is4() && m.ip(a) == a {
		return len(text)
	}
	return 0
}

// lowOctet is a character of ASCII, or 0.
func lowOctet(c uint64) byte {
	if c < 0x80 {
		return byte(c)
	}
	return 0
}
