#!/usr/bin/env bash
# A regexp that is kept with FreezeThaw can be loaded and saved 999 times. Each time it gets one more
# group around it and is five characters longer; it still matches the same and nothing warns. The
# next time, thaw dies: "Too many nested open parens in regex". So a program that loads what it has,
# changes something else, and saves all of it, loses everything that is in the same image, after
# months perhaps. With Storable the regexp stays as it was.
#
# FreezeThaw 0.5001 (Debian's libfreezethaw-perl), Storable 3.26, Perl 5.36 (bookworm), amd64.
# Needs: bash, curl, dpkg, about 10 MB of downloads.
source "$(dirname "$0")/lib/debian.bash"
perl_5_36
unpack 5.36 e238bd769119b35e0063b499c9355dc5bd8ae401b9cb2557c6421837e74f95ab libf/libfreezethaw-perl/libfreezethaw-perl_0.5001-3_all.deb

trips='my ($thaw, $trips) = @ARGV;
  my $kept = { other => 1, pattern => qr/x/i };
  for my $n (1 .. $trips) {
    ($kept) = eval { $thaw eq "FreezeThaw" ? FreezeThaw::thaw(FreezeThaw::freeze($kept)) : Storable::thaw(Storable::freeze($kept)) };
    if (!$kept) { print "trip $n: ", $@ =~ /^(.*?);/; exit }
  }
  print "$kept->{pattern} " if $trips < 10;
  print length("$kept->{pattern}"), " characters, ", "X" =~ $kept->{pattern} ? "matches" : "does not match"'
with() { in_root 5.36 "use FreezeThaw; use Storable; $trips" "$@"; }

expect "versions" "FreezeThaw 0.5001, Storable 3.26" "$(in_root 5.36 'use FreezeThaw; use Storable; print "FreezeThaw $FreezeThaw::VERSION, Storable $Storable::VERSION"')"
expect "FreezeThaw, never" "(?^i:x) 7 characters, matches" "$(with FreezeThaw 0)"
expect "FreezeThaw, once" "(?^:(?^i:x)) 12 characters, matches" "$(with FreezeThaw 1)"
expect "FreezeThaw, 999 times" "5002 characters, matches" "$(with FreezeThaw 999)"
expect "FreezeThaw, 1000 times" "trip 1000: Too many nested open parens in regex" "$(with FreezeThaw 1000)"
expect "Storable, 1000 times" "7 characters, matches" "$(with Storable 1000)"
exit "$failed"
