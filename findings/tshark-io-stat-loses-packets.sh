#!/usr/bin/env bash
# "tshark -z io,stat,1" prints how many packets and octets there are in each second, and one expects
# the sum of the rows to be what is in the capture. It is so only if the times rise from the first
# packet to the last, which a capture of several interfaces, and one put together with mergecap -a,
# need not do. No warning, exit code 0, and:
#
# - a packet that is earlier than one before it in the file is counted in the row of the latest
#   until then: where traffic was steady there are a gap and a burst;
# - if the first packet in the file is later than others, the rows and the duration end too early;
#   if it is the latest, there is no row at all, not even with the interval 0, which means one row;
# - also with times that rise, a last packet whose time since the first is a whole number of
#   intervals is in no row. With packets exactly once a second there is always one too few.
#
# "-z io,phs" counts all, in any order. reordercap before it mends all but the last of these.
#
# TShark 4.0.17 (Debian bookworm), amd64. TShark 4.4.19 (trixie) and 4.6.9 (sid) do the same.
# Needs: bash, curl, dpkg, od, paste, sed, about 40 MB of downloads.
source "$(dirname "$0")/lib/debian.bash"
source "$(dirname "$0")/lib/pcapng.bash"
source "$(dirname "$0")/lib/wireshark.bash"
tshark_4_0

start=1700000000000000
frame=ffffffffffff02000000000188b50000

# captured MS... writes a capture of packets so many milliseconds after the start, in that order
captured() {
  local packets="" at
  for at in "$@"; do packets+=$(packet $((start + at * 1000)) "$frame"); done
  write "$work/capture" "$(section)" "$(interface 1 0 06)" "$packets"
}
tshark() { program wireshark tshark -r "$work/capture" -q -z "$1" 2>"$work/errors" || echo "exit code $?" >>"$work/errors"; }
# rows INTERVAL prints the packets of each row, after how many there are
rows() {
  local all
  all=$(tshark io,phs | sed -n 's/^[a-z][a-z]*  *frames:\([0-9]*\) .*/\1/p')
  echo "$all: $(tshark "io,stat,$1" | sed -n 's/^|[^|]*<>[^|]*| *\([0-9]*\) |.*/\1/p' | paste -sd ' ')"
  grep -v '^Running as user' "$work/errors" || true
}
reorder() {
  program wireshark reordercap "$work/capture" "$work/reordered" >"$work/said" 2>&1 || echo "exit code $?"
  mv "$work/reordered" "$work/capture"
}

expect "version" "TShark (Wireshark) 4.0.17" "$(program wireshark tshark -v 2>/dev/null | sed -n 's/ (Git.*//p')"

captured 0 500 1500 2500
expect "times that rise" "4: 2 1 1" "$(rows 1)"
captured 0 2500 500 1500
expect "two that are late in the file" "4: 1 0 3" "$(rows 1)"
reorder
expect "the same, reordered" "4: 2 1 1" "$(rows 1)"

captured 1000 0 500 2500
expect "the first in the file is later than two others" "4: 3 1" "$(rows 1)"
expect "how long it lasts by io,stat" "1.5" "$(tshark io,stat,1 | sed -n 's/.*Duration: *\([0-9]*\.5\)0* secs.*/\1/p')"
expect "how long by capinfos" "2.5" "$(program wireshark capinfos -u "$work/capture" | sed -n 's/.*duration: *\([0-9]*\.5\)0* s.*/\1/p')"
reorder
expect "the same, reordered" "4: 2 1 1" "$(rows 1)"
captured 2500 0 500 1500
expect "the first in the file is the latest" "4: " "$(rows 1)"
expect "the same, all in one row" "4: " "$(rows 0)"
reorder
expect "the same, reordered" "4: 2 1 1" "$(rows 1)"
expect "the same, all in one row" "4: 4" "$(rows 0)"

captured 0 1000 2000 3000
expect "one each second" "4: 1 1 1" "$(rows 1)"
captured 0 1000 2000 3001
expect "one each second, the last a millisecond later" "4: 1 1 1 1" "$(rows 1)"
exit "$failed"
