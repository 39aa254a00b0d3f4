#!/usr/bin/env bash
# Of two regexps with the same pattern FreezeThaw gives back two that match anything, without a
# warning: a filter that let one thing through lets all through. They need not be the same regexp,
# qr/a/ written twice will do, since FreezeThaw tells references apart by what they are as strings.
# If there are two such pairs, freeze makes a text that thaw refuses. Regexps that differ are all
# right, and Storable gives back what was there.
#
# FreezeThaw 0.5001 (Debian's libfreezethaw-perl), Storable 3.26, Perl 5.36 (bookworm), amd64.
# FreezeThaw 1.00 (sid) does the same.
# Needs: bash, curl, dpkg, about 10 MB of downloads.
source "$(dirname "$0")/lib/debian.bash"
perl_5_36
unpack 5.36 e238bd769119b35e0063b499c9355dc5bd8ae401b9cb2557c6421837e74f95ab libf/libfreezethaw-perl/libfreezethaw-perl_0.5001-3_all.deb

filter='use FreezeThaw; use Storable; my $with = shift; my @allowed = map qr/$_/, @ARGV;
  my $again = eval { $with eq "FreezeThaw" ? (FreezeThaw::thaw(FreezeThaw::freeze(\@allowed)))[0] : Storable::thaw(Storable::freeze(\@allowed)) };
  print $again ? "@$again, other: " . (grep("other" =~ $_, @$again) ? "allowed" : "refused") : $@ =~ /^(.*?):/'

expect "versions" "FreezeThaw 0.5001, Storable 3.26" "$(in_root 5.36 'use FreezeThaw; use Storable; print "FreezeThaw $FreezeThaw::VERSION, Storable $Storable::VERSION"')"
expect "FreezeThaw, two that differ" "(?^:(?^:aa)) (?^:(?^:bb)), other: refused" "$(in_root 5.36 "$filter" FreezeThaw aa bb)"
expect "FreezeThaw, two that are equal" "(?^:(?^:)) (?^:(?^:)), other: allowed" "$(in_root 5.36 "$filter" FreezeThaw aa aa)"
expect "FreezeThaw, two pairs" "Extra elements in frozen structure" "$(in_root 5.36 "$filter" FreezeThaw aa aa bb bb)"
expect "Storable, two pairs" "(?^:aa) (?^:aa) (?^:bb) (?^:bb), other: refused" "$(in_root 5.36 "$filter" Storable aa aa bb bb)"
exit "$failed"
