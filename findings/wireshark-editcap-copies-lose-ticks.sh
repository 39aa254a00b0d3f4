#!/usr/bin/env bash
# A pcapng file may count time in ticks of 1/1024 s or of another power of two, and some capture
# hardware does. One expects that editcap without options copies a capture. It keeps the resolution,
# but makes each packet one tick older whose time is not a whole number of nanoseconds: on its way
# through nanoseconds a time is cut twice. So:
#
# - with ticks of 2^-10 s, packets that are a millisecond apart are at the same time after one copy;
# - with ticks of 2^-20 s each copy takes one tick more, and nothing warns: after ten copies packets
#   are ten microseconds too early. Which ones depends on their time, so that what was between two
#   packets changes too.
#
# mergecap does it as well. Who merges captures, or measures delays in a file that went through
# editcap, gets other figures than were captured. Powers of ten stay as they are, and so does a
# copy into nsecpcap, the older format, to the nanosecond.
#
# Wireshark 4.0.17 (Debian bookworm), amd64. Wireshark 4.4.19 (trixie) and 4.6.9 (sid) do the same.
# Needs: bash, curl, dpkg, od, sed, about 10 MB of downloads.
source "$(dirname "$0")/lib/debian.bash"
source "$(dirname "$0")/lib/pcapng.bash"
source "$(dirname "$0")/lib/wireshark.bash"
wiretap_4_0

frame=ffffffffffff02000000000188b50000
start=1700000000

# captured FILE RES UNITS TICKS... writes a capture with packets so many ticks after the start
captured() {
  local file="$work/$1" res="$2" units="$3" packets="" t
  for t in "${@:4}"; do packets+=$(packet $((start * units + t)) "$frame"); done
  write "$file" "$(section)" "$(interface 1 0 "$res")" "$packets"
}
copies() { # FILE TIMES
  cp "$work/$1" "$work/copy"
  local n
  for ((n = 0; n < $2; n++)); do
    program wireshark editcap "$work/copy" "$work/next"
    mv "$work/next" "$work/copy"
  done
}
resolution() { program wireshark capinfos -I "$1" | sed -n 's/.*Time ticks per second = //p'; }

expect "version" "Editcap (Wireshark) 4.0.17" "$(program wireshark editcap -v | head -n 1 | sed 's/ (Git.*//')"

captured ms 8a 1024 0 1 2 3 5
expect "ticks of 2^-10 s, as captured" "1024: 0 1 2 3 5" "$(resolution "$work/ms"): $(ticks "$work/ms" $((start * 1024)))"
copies ms 1
expect "copied once" "1024: 0 0 2 2 4" "$(resolution "$work/copy"): $(ticks "$work/copy" $((start * 1024)))"

captured us 94 1048576 0 100 2048 3000 9999
expect "ticks of 2^-20 s, as captured" "0 100 2048 3000 9999" "$(ticks "$work/us" $((start << 20)))"
copies us 1
expect "copied once" "0 99 2048 2999 9998" "$(ticks "$work/copy" $((start << 20)))"
copies us 10
expect "copied ten times" "0 90 2048 2990 9989" "$(ticks "$work/copy" $((start << 20)))"
program wireshark mergecap -w "$work/merged" "$work/us"
expect "mergecap, that file alone" "0 99 2048 2999 9998" "$(ticks "$work/merged" $((start << 20)))"

program wireshark editcap -F nsecpcap "$work/us" "$work/pcap"
expect "copied to nsecpcap, nanoseconds of the last packet (9999 / 2^20 s)" "9535789" \
  "$(od -An -v -tu4 -j $((24 + 4 * 32 + 4)) -N 4 "$work/pcap" | tr -d ' ')"

captured ten 07 10000000 0 1 2 3 9999999
copies ten 10
expect "ticks of 10^-7 s, copied ten times" "0 1 2 3 9999999" "$(ticks "$work/copy" $((start * 10000000)))"
exit "$failed"
