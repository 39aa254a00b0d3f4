#!/usr/bin/env bash
# A Go program that imports gopacket's layers, or pcapgo, which reads files and imports layers, pays
# for that before main, though it decodes nothing: layers has two tables with an entry for each of
# the 65,536 numbers that an Ethernet type and a PPP type can be, with a decoder and a name each, and
# fills them all when the program starts. So each start writes 6 MiB, more than 1,500 pages of memory,
# and every collection of garbage looks through 5 MiB of variables, also in a program whose heap is
# next to nothing.
#
# Measured in a program with an empty main: what the collector scans of its variables
# (/gc/scan/globals:bytes), what it has resident at its start (VmRSS), and what it allocates
# together, each with and without the import.
#
# github.com/google/gopacket v1.1.19, on Linux. Needs: bash, sed, Go 1.21 or later, about 2 MB of
# downloads.
source "$(dirname "$0")/lib/debian.bash"
source "$(dirname "$0")/lib/gopacket.bash"

cat >"$work/measure.go" <<'EOF'
package main

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

func main() {
	status, _ := os.ReadFile("/proc/self/status")
	resident := regexp.MustCompile(`VmRSS:\s+(\d+)`).FindSubmatch(status)[1]
	runtime.GC()
	scanned := []metrics.Sample{{Name: "/gc/scan/globals:bytes"}}
	metrics.Read(scanned)
	version := "none"
	info, _ := debug.ReadBuildInfo()
	for _, dep := range info.Deps {
		if dep.Path == "github.com/google/gopacket" {
			version = dep.Version
		}
	}
	fmt.Printf("version=%s scanned=%d resident=%s\n", version, scanned[0].Value.Uint64()>>10, resident)
}
EOF

# built NAME IMPORT prints what a program measures that imports a package as well
built() {
  mkdir -p "$work/$1"
  cp "$work/measure.go" "$work/$1/"
  if [ -n "$2" ]; then printf 'package main\n\nimport _ "%s"\n' "$2" >"$work/$1/import.go"; fi
  build "$1/program" "./$1"
  "$work/$1/program"
}

of() { sed -n "s/.*$1=\([^ ]*\).*/\1/p" <<<"$2"; }

with=$(built with github.com/google/gopacket/pcapgo)
without=$(built without "")
printf 'with:    %s KiB\nwithout: %s KiB\n' "$with" "$without"
expect "version" "v1.1.19" "$(of version "$with")"
expect "MiB of variables that each collection scans, with pcapgo" 5 "$(($(of scanned "$with") >> 10))"
expect "the same, without" 0 "$(($(of scanned "$without") >> 10))"
more=$(($(of resident "$with") - $(of resident "$without")))
expect "with pcapgo at least 6 MiB more are resident when main begins" yes "$([ $more -ge 6144 ] && echo yes || echo "no: $more KiB")"
exit "$failed"
