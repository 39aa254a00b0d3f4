package storable

import "math"

// longDouble converts a floating point number of 12 or 16 octets to the nearest float64. Images do
// not say which of three formats it has; the octets tell:
//
//   - x87 extended, of i386 and x86-64, has ten octets, then two or six of padding, which Perl
//     clears;
//   - IEEE quadruple, of arm64, s390x, sparc64 and riscv64, fills all sixteen;
//   - a pair of doubles, of older PowerPC, cannot be told from a quadruple and is taken for one.
func longDouble(s string, big bool) float64 {
	b := make([]byte, len(s)) // big-endian
	for i := range b {
		if big {
			b[i] = s[i]
		} else {
			b[i] = s[len(s)-1-i]
		}
	}
	if len(b) == 12 || (!big && b[0]|b[1]|b[2]|b[3]|b[4]|b[5] == 0) {
		return extended(b[len(b)-10:])
	}
	return quadruple(b)
}

// extended converts a sign, 15 bits of exponent and 64 of mantissa with its leading one.
func extended(b []byte) float64 {
	exp, mant := int(b[0]&0x7f)<<8|int(b[1]), be64(b[2:])
	return compose(b[0]&0x80 != 0, exp, mant, mant<<1 == 0, -63)
}

// quadruple converts a sign, 15 bits of exponent and 112 of mantissa without its leading one.
func quadruple(b []byte) float64 {
	exp, hi, lo := int(b[0]&0x7f)<<8|int(b[1]), be64(b[2:]), be64(append(b[10:16:16], 0, 0))
	mant := hi>>1 | 1<<63
	if hi&1 != 0 || lo != 0 {
		mant |= 1 // sticky: ten bits beyond those of a float64 decide its rounding
	}
	if exp == 0 {
		return compose(b[0]&0x80 != 0, 0, 0, true, 0)
	}
	return compose(b[0]&0x80 != 0, exp, mant, hi|lo == 0, -63)
}

func compose(negative bool, exp int, mant uint64, zero bool, shift int) float64 {
	const bias, special = 16383, 0x7fff
	var f float64
	switch {
	case exp == special && zero:
		f = math.Inf(1)
	case exp == special:
		f = math.NaN()
	case mant != 0:
		f = scale(mant, exp-bias+shift)
	}
	if negative {
		f = -f
	}
	return f
}

// scale returns mant times two to the exp, rounded once, also where the result is subnormal.
func scale(mant uint64, exp int) float64 {
	const least = -1074
	if drop := least - exp; drop > 0 {
		if drop > 64 {
			return 0
		}
		sticky := mant&(1<<min(drop-1, 63)-1) != 0
		half := drop == 64 && mant>>63 != 0 || drop < 64 && mant>>(drop-1)&1 != 0
		m := uint64(0)
		if drop < 64 {
			m = mant >> drop
		}
		if m < 1<<53 {
			if half && (sticky || m&1 != 0) {
				m++
			}
			return math.Ldexp(float64(m), least)
		}
	}
	return math.Ldexp(float64(mant), exp)
}

func be64(b []byte) (n uint64) {
	for _, c := range b[:8] {
		n = n<<8 | uint64(c)
	}
	return n
}
