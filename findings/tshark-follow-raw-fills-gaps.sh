#!/usr/bin/env bash
# "tshark -z follow,tcp,raw" prints the octets of a connection as hexadecimal digits, which is what
# one pipes into a file to have what was sent. One expects octets of the connection and no others.
# If a capture lacks octets, then it depends on why:
#
# - a segment is not in the capture, but was acknowledged: there are octets in its place that nobody
#   sent, an English sentence and a zero octet, printed like any others. If somebody does send
#   these octets, the output is the same: nothing tells one from the other.
# - a segment is not in the capture, nor are the acknowledgements, as when one direction was
#   captured: all that comes behind it is left out, however much it is.
# - packets are cut by a snapshot length: what is cut off is left out, and the rest closes up.
#
# There is no warning, and the exit code is 0. Who takes files or messages out of captures this way
# gets some that were never sent; the manual page says of this mode just "Hexadecimal data".
#
# TShark 4.0.17 (Debian bookworm), amd64. TShark 4.4.19 (trixie) and 4.6.9 (sid) do the same.
# Needs: bash, curl, dpkg, od, paste, sed, about 40 MB of downloads.
source "$(dirname "$0")/lib/debian.bash"
source "$(dirname "$0")/lib/pcapng.bash"
source "$(dirname "$0")/lib/wireshark.bash"
tshark_4_0

# followed SNAPLEN SEGMENTS... prints what is in a capture of these segments
followed() {
  local snap="$1" packets="" at=0 hex
  for hex in "${@:2}"; do
    at=$((at + 1000))
    packets+=$(if [ "$snap" != 0 ] && [ "$snap" -lt $((${#hex} / 2)) ]; then packet "$at" "$hex" "$snap"; else packet "$at" "$hex"; fi)
  done
  write "$work/capture" "$(section)" "$(interface 101 "$snap")" "$packets"
  program wireshark tshark -r "$work/capture" -q -z follow,tcp,raw,0 2>"$work/errors" \
    | sed -n 's/^\t*\([0-9a-f][0-9a-f]*\)$/\1/p' | paste -sd ' ' || echo "exit code $?"
  grep -v '^Running as user' "$work/errors" || true
}
hex() { printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'; }

expect "version" "TShark (Wireshark) 4.0.17" "$(program wireshark tshark -v 2>/dev/null | sed -n 's/ (Git.*//p')"

start=("$(tcp 1 100 0 2)" "$(tcp 2 500 101 18)" "$(tcp 1 101 501 16)")
abcd=$(tcp 1 101 501 24 "$(hex abcd)")
efgh=$(tcp 1 105 501 24 "$(hex efgh)")
ijkl=$(tcp 1 109 501 24 "$(hex ijkl)")
mnop=$(tcp 1 113 501 24 "$(hex mnop)")
answer=$(tcp 2 501 117 16)
said="$(hex '[4 bytes missing in capture file]')00"

expect "all captured" "61626364 65666768 696a6b6c 6d6e6f70" \
  "$(followed 0 "${start[@]}" "$abcd" "$efgh" "$ijkl" "$mnop" "$answer")"
expect "the second segment not captured, all acknowledged" "61626364 $said 696a6b6c 6d6e6f70" \
  "$(followed 0 "${start[@]}" "$abcd" "$ijkl" "$mnop" "$answer")"
expect "all captured, and the sentence sent" "61626364 $said 696a6b6c 6d6e6f70" \
  "$(followed 0 "${start[@]}" "$abcd" "$(tcp 1 105 501 24 "$said")" "$(tcp 1 139 501 24 "$(hex ijkl)")" \
    "$(tcp 1 143 501 24 "$(hex mnop)")" "$(tcp 2 501 147 16)")"
expect "one direction captured, without the second segment" "61626364" "$(followed 0 "${start[0]}" "${start[2]}" "$abcd" "$ijkl" "$mnop")"
expect "all captured, one direction" "61626364 65666768 696a6b6c 6d6e6f70" \
  "$(followed 0 "${start[0]}" "${start[2]}" "$abcd" "$efgh" "$ijkl" "$mnop")"
expect "packets cut to 42 octets, two of each four" "6162 6566 696a 6d6e" \
  "$(followed 42 "${start[@]}" "$abcd" "$efgh" "$ijkl" "$mnop" "$answer")"
exit "$failed"
