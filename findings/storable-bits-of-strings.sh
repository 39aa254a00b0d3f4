#!/usr/bin/env bash
# Storable's nfreeze and nstore are freeze and store for any machine, and one expects the same values
# from both. An integer that needs more than 32 bits with its sign comes back from nfreeze as a
# string. For + and == that is the same, but Perl's &, | and ^ between two strings work on their
# characters, and ~ on one. So flags & mask is right as long as bit 31 is not set in both, and
# another number after that: 0x80000003 & 0x8000000C is 2147483640, since it is the "and" of
# "2147483651" and "2147483660", digit by digit. No warning tells, and a test with small flags
# passes. The same numbers are strings in JSON then, from 2147483648 and below -2147483648 on.
# With a constant, or under "use feature 'bitwise'", it is right.
#
# Storable 3.26 (Perl 5.36, Debian bookworm) and 3.32 (Perl 5.40, Debian trixie), amd64.
# Needs: bash, curl, dpkg, about 20 MB of downloads.
source "$(dirname "$0")/lib/debian.bash"
perl_5_36
perl_5_40

with='use strict; use warnings; use Storable qw(freeze nfreeze thaw); use JSON::PP;
  my ($how, $code, @values) = @ARGV;
  my ($x, $y) = @{ thaw($how eq "nfreeze" ? nfreeze([map { 0 + $_ } @values]) : freeze([map { 0 + $_ } @values])) };
  print eval $code'
bits='join " ", $x & $y, $x | $y, $x ^ $y'

for root in 5.36 5.40; do
  case "$root" in 5.36) version="Perl 5.36.0, Storable 3.26" ;; *) version="Perl 5.40.1, Storable 3.32" ;; esac
  expect "version" "$version" "$(in_root "$root" 'use Storable; printf "Perl %vd, Storable %s", $^V, Storable->VERSION')"
  expect "&, |, ^ of 0x7ffffffd and 0x0000000c, freeze" "12 2147483645 2147483633" "$(in_root "$root" "$with" freeze "$bits" 2147483645 12)"
  expect "the same, nfreeze" "12 2147483645 2147483633" "$(in_root "$root" "$with" nfreeze "$bits" 2147483645 12)"
  expect "& and | of 0x80000003 and 0x8000000c, freeze" "2147483648 2147483663" \
    "$(in_root "$root" "$with" freeze 'join " ", $x & $y, $x | $y' 2147483651 2147483660)"
  expect "the same, nfreeze" "2147483640 2147483671" "$(in_root "$root" "$with" nfreeze 'join " ", $x & $y, $x | $y' 2147483651 2147483660)"
  expect "& with a constant, nfreeze" "2147483648" "$(in_root "$root" "$with" nfreeze '$x & 0x8000000c' 2147483651 0)"
  expect "&, feature bitwise, nfreeze" "2147483648" "$(in_root "$root" "$with" nfreeze 'use feature "bitwise"; $x & $y' 2147483651 2147483660)"
  expect "JSON, freeze" "[2147483647,2147483648]" "$(in_root "$root" "$with" freeze 'encode_json([$x, $y])' 2147483647 2147483648)"
  expect "JSON, nfreeze" '[2147483647,"2147483648"]' "$(in_root "$root" "$with" nfreeze 'encode_json([$x, $y])' 2147483647 2147483648)"
  expect "JSON, negative, nfreeze" '[-2147483648,"-2147483649"]' "$(in_root "$root" "$with" nfreeze 'encode_json([$x, $y])' -2147483648 -2147483649)"
done
exit "$failed"
