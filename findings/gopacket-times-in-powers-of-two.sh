#!/usr/bin/env bash
# A pcapng file may count time in units of a power of two, such as 2^-30 s. gopacket's pcapgo.NgReader
# knows of that, and tells the resolution rightly. The times of the packets it gets wrong, by up to
# 0.46 s and without an error: it takes the nanoseconds of a unit, or the units of a nanosecond, for a
# whole number, and drops what is behind the point. In units of
#
# - 2^-29 s it counts 1 ns for 1.86 ns: seconds last 0.54 s, and the next one jumps into place;
# - 2^-30 s it counts 1 ns for 0.93 ns: seconds last 1.07 s, so that a packet at the end of one is
#   later than a packet that came after it;
# - 2^-20 s it counts 953 ns for 953.67 ns: wrong by up to 0.7 ms.
#
# So delays between packets are wrong, and packets of two captures that are put in order of time are
# in another order. Units of powers of ten are read rightly.
#
# github.com/google/gopacket v1.1.19. Needs: bash, od, sed, Go 1.21 or later, about 2 MB of downloads.
source "$(dirname "$0")/lib/debian.bash"
source "$(dirname "$0")/lib/pcapng.bash"
source "$(dirname "$0")/lib/gopacket.bash"

cat >"$work/times.go" <<'EOF'
package main

import (
	"fmt"
	"os"
	"runtime/debug"

	"github.com/google/gopacket/pcapgo"
)

func main() {
	info, _ := debug.ReadBuildInfo()
	for _, dep := range info.Deps {
		if dep.Path == "github.com/google/gopacket" {
			fmt.Fprint(os.Stderr, dep.Version)
		}
	}
	r, err := pcapgo.NewNgReader(os.Stdin, pcapgo.NgReaderOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	resolution := r.Resolution()
	fmt.Printf("%d^%d", resolution.Base, resolution.Exponent)
	for {
		_, info, err := r.ReadPacketData()
		if err != nil {
			return
		}
		fmt.Print(" ", info.Timestamp.UTC().Format("05.000000000"))
	}
}
EOF
build times times.go

# read_as RES UNITS prints how packets at 20, 20.5, 20.984375 and 21 s after a full minute are read
read_as() {
  local at packets=""
  for at in 0 32 63 64; do packets+=$(packet $((1700000000 * $2 + $2 / 64 * at)) ffffffffffff02000000000188b50000); done
  write "$work/capture" "$(section)" "$(interface 1 0 "$1")" "$packets"
  "$work/times" <"$work/capture" 2>"$work/version"
}

expect "10^-9" "10^-9 20.000000000 20.500000000 20.984375000 21.000000000" "$(read_as 09 1000000000)"
expect "version" "v1.1.19" "$(cat "$work/version")"
expect "2^-20" "2^-20 20.000000000 20.499646464 20.983678976 21.000000000" "$(read_as 94 $((1 << 20)))"
expect "2^-29" "2^-29 20.000000000 20.268435456 20.528482304 21.000000000" "$(read_as 9d $((1 << 29)))"
expect "2^-30" "2^-30 20.000000000 20.536870912 21.056964608 21.000000000" "$(read_as 9e $((1 << 30)))"
exit "$failed"
