#!/usr/bin/env bash
# How many packets a capture dropped stands in pcapng in an interface statistics block; dumpcap
# writes it at the end. One expects that a copy with all packets keeps it, or that a tool always
# leaves it out. It depends on the tool, on how often this reads, and on where the block stands:
#
# - editcap without options, and tshark -r -w, keep it if it stands before the first packet, and
#   leave it out elsewhere, which is where dumpcap puts it;
# - tshark -2 -r -w, the same in two passes, keeps all, wherever they stand;
# - mergecap and reordercap keep none, though reordercap reads all before it writes.
#
# No warning, exit code 0. So a capture that went through editcap or a filter of tshark looks as if
# it had dropped nothing, and whether loss is the network's cannot be told from it any more.
#
# Wireshark 4.0.17 (Debian bookworm), amd64.
# Needs: bash, curl, dpkg, od, sed, about 40 MB of downloads.
source "$(dirname "$0")/lib/debian.bash"
source "$(dirname "$0")/lib/pcapng.bash"
source "$(dirname "$0")/lib/wireshark.bash"
tshark_4_0

start=1700000000000000
packet=$(packet "$start" ffffffffffff02000000000188b50000)
statistics=$(block 5 "$(u32 0)$(u32 $((start >> 32)))$(u32 "$start")040008000a0000000000000005000800030000000000000000000000")
head=$(section)$(interface 1 0 06)

# blocks FILE prints the blocks after the first: i is an interface, p a packet, s statistics
blocks() {
  local words at=0 all=""
  read -ra words <<<"$(od -An -v -tu4 "$1" | tr '\n' ' ')"
  while [ "$at" -lt "${#words[@]}" ]; do
    case "${words[at]}" in 1) all+=i ;; 5) all+=s ;; 6) all+=p ;; esac
    at=$((at + words[at + 1] / 4))
  done
  echo "$all"
}
# copied TOOL prints the blocks of copies: of captures with the statistics before the first packet,
# between the packets, and behind the last
copied() {
  local file from="$work/from" to="$work/to" all=()
  for file in "$statistics$packet$packet" "$packet$statistics$packet" "$packet$packet$statistics"; do
    write "$from" "$head" "$file"
    rm -f "$to"
    case "$1" in
    nothing) cp "$from" "$to" ;;
    editcap | reordercap) program wireshark "$1" "$from" "$to" >"$work/said" 2>&1 || echo "exit code $?" ;;
    mergecap) program wireshark mergecap -w "$to" "$from" >"$work/said" 2>&1 || echo "exit code $?" ;;
    tshark*) program wireshark $1 -r "$from" -w "$to" >"$work/said" 2>&1 || echo "exit code $?" ;;
    esac
    all+=("$(blocks "$to")")
  done
  echo "${all[*]}"
}

expect "version" "Editcap (Wireshark) 4.0.17" "$(program wireshark editcap -v | head -n 1 | sed 's/ (Git.*//')"
expect "as captured" "ispp ipsp ipps" "$(copied nothing)"
expect "capinfos counts the last" "1" "$(program wireshark capinfos -I "$work/from" | sed -n 's/.*Number of stat entries = //p')"
expect "editcap" "ipps ipp ipp" "$(copied editcap)"
expect "tshark -r -w" "ipps ipp ipp" "$(copied tshark)"
expect "tshark -2 -r -w" "ipps ipps ipps" "$(copied "tshark -2")"
expect "mergecap" "ipp ipp ipp" "$(copied mergecap)"
expect "reordercap" "ipp ipp ipp" "$(copied reordercap)"
exit "$failed"
