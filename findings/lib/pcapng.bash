# To be sourced: capture files in pcapng, little-endian, written and read without a library.
# All but the last two print hexadecimal digits.
#
#   section                          a section header
#   interface LINKTYPE SNAPLEN [RES] an interface; RES is if_tsresol: 06 is 10^-6 s, 8a is 2^-10 s
#   packet TICKS HEX [CAPTURED]      a packet of interface 0 at a time in units of its resolution; of
#                                    HEX so many octets were captured, by default all
#   tcp FROM SEQ ACK FLAGS [HEX]     an IP packet with a TCP segment, between 10.0.0.1 (FROM is 1) and
#                                    10.0.0.2, ports 1000 and 7
#   write FILE HEX...                the file
#   ticks FILE SINCE                 the times that a file holds, in units, since a time in units

u16() { printf '%02x%02x' $(($1 & 255)) $(($1 >> 8 & 255)); }
u32() { u16 $(($1 & 65535)); u16 $(($1 >> 16 & 65535)); }

block() {
  local body="$2"
  while [ $((${#body} % 8)) != 0 ]; do body+=00; done
  u32 "$1"; u32 $((${#body} / 2 + 12)); printf '%s' "$body"; u32 $((${#body} / 2 + 12))
}

section() { block 0x0a0d0d0a 4d3c2b1a01000000ffffffffffffffff; }

interface() {
  local options=""
  if [ -n "${3:-}" ]; then options="09000100${3}00000000000000"; fi
  block 1 "$(u16 "$1")0000$(u32 "$2")$options"
}

packet() {
  local length=$((${#2} / 2))
  block 6 "$(u32 0)$(u32 $(($1 >> 32)))$(u32 "$1")$(u32 "${3:-$length}")$(u32 "$length")${2:0:${3:-$length}*2}"
}

sum() { # of 16-bit words in one's complement, as in IP and TCP
  local hex="$1" total=0 i
  while [ $((${#hex} % 4)) != 0 ]; do hex+=00; done
  for ((i = 0; i < ${#hex}; i += 4)); do total=$((total + 0x${hex:i:4})); done
  while [ $((total >> 16)) != 0 ]; do total=$(((total & 65535) + (total >> 16))); done
  printf '%04x' $((~total & 65535))
}

tcp() {
  local from="$1" hex="${5:-}" ports=03e80007 to=2 head segment
  if [ "$from" = 2 ]; then ports=000703e8 to=1; fi
  local addresses="0a00000${from}0a00000${to}"
  local length=$((20 + ${#hex} / 2))
  segment="$ports$(printf '%08x%08x50%02xffff' "$2" "$3" "$4")"
  head="45$(printf '00%04x' $((20 + length)))000140004006"
  printf '%s' "$head$(sum "${head}0000$addresses")$addresses"
  printf '%s' "$segment$(sum "${addresses}0006$(printf '%04x' $length)${segment}00000000$hex")0000$hex"
}

write() {
  local file="$1" hex
  shift
  hex=$(printf '%s' "$@")
  printf '%b' "$(sed 's/../\\x&/g' <<<"$hex")" >"$file"
}

ticks() {
  local words at=0 times=()
  read -ra words <<<"$(od -An -v -tu4 "$1" | tr '\n' ' ')"
  while [ "$at" -lt "${#words[@]}" ]; do
    if [ "${words[at]}" = 6 ]; then times+=($(((words[at + 3] << 32) + words[at + 4] - $2))); fi
    at=$((at + words[at + 1] / 4))
  done
  echo "${times[*]}"
}
