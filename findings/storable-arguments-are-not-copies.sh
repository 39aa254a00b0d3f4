#!/usr/bin/env bash
# A sub that sends what it was called with, as in RPC, is apt to freeze \@_, and one that keeps it,
# to take dclone(\@_). One expects that who thaws it has an array of its own, as if [@_] had been
# frozen. But Storable also keeps what the elements were to the caller, across the network too:
#
# - the element of an argument that was written undef, or was a comparison, a negation or a shift
#   from an empty array, cannot be assigned to: "Modification of a read-only value attempted". That
#   of an undef or a true in a variable can be, and that of an argument that was written 5 or "x".
# - of a variable that was passed twice, both elements are one variable: setting one sets the other.
#
# So a receiver that sets a default in place, or trims or decodes arguments, dies or gets a wrong
# value by how a caller, elsewhere, wrote an argument; what is in the arguments is the same. Perl
# does that within one program too, where it is known. FreezeThaw gives back elements of their own.
#
# Storable 3.26 (Perl 5.36, Debian bookworm) and 3.32 (Perl 5.40, Debian trixie), FreezeThaw 0.5001
# (Debian's libfreezethaw-perl), amd64. Needs: bash, curl, dpkg, about 20 MB of downloads.
source "$(dirname "$0")/lib/debian.bash"
perl_5_36
perl_5_40
unpack 5.36 e238bd769119b35e0063b499c9355dc5bd8ae401b9cb2557c6421837e74f95ab libf/libfreezethaw-perl/libfreezethaw-perl_0.5001-3_all.deb
unpack 5.40 e238bd769119b35e0063b499c9355dc5bd8ae401b9cb2557c6421837e74f95ab libf/libfreezethaw-perl/libfreezethaw-perl_0.5001-3_all.deb

# What sub sends is frozen, thawed, and its elements are set to "new 0", "new 1".
sent='use strict; use warnings; use Storable qw(dclone nfreeze thaw); use FreezeThaw ();
  my ($how, $call) = @ARGV; my ($none, $name, @empty, $true); $name = "name"; $true = 1 == 1;
  my %sends = (
    nfreeze => sub { thaw(nfreeze(\@_)) },
    dclone => sub { dclone(\@_) },
    copy => sub { thaw(nfreeze([@_])) },
    FreezeThaw => sub { (FreezeThaw::thaw(FreezeThaw::freeze(\@_)))[0] },
  );
  my $sub = $sends{$how}; my $got = eval $call or die $@;
  my @set = map { eval { $got->[$_] = "new $_"; 1 } ? "" : $@ =~ /^(.*?) at / } 0 .. $#$got;
  print join ", ", map { $set[$_] || $got->[$_] } 0 .. $#$got'
no="Modification of a read-only value attempted"

for root in 5.36 5.40; do
  case "$root" in 5.36) version="Perl 5.36.0, Storable 3.26" ;; *) version="Perl 5.40.1, Storable 3.32" ;; esac
  expect "version" "$version" "$(in_root "$root" 'use Storable; printf "Perl %vd, Storable %s", $^V, Storable->VERSION')"
  for how in nfreeze dclone; do
    expect "$how, undef" "$no" "$(in_root "$root" "$sent" $how '$sub->(undef)')"
    expect "$how, undef from a variable" "new 0" "$(in_root "$root" "$sent" $how '$sub->($none)')"
    expect "$how, shift from an empty array" "$no" "$(in_root "$root" "$sent" $how '$sub->(scalar shift @empty)')"
    expect "$how, a comparison, a negation" "$no, $no" "$(in_root "$root" "$sent" $how '$sub->($name eq "name", !$name)')"
    expect "$how, true from a variable" "new 0" "$(in_root "$root" "$sent" $how '$sub->($true)')"
    expect "$how, constants" "new 0, new 1" "$(in_root "$root" "$sent" $how '$sub->(5, "x")')"
    expect "$how, a variable twice" "new 1, new 1" "$(in_root "$root" "$sent" $how '$sub->($name, $name)')"
  done
  for how in copy FreezeThaw; do
    expect "$how, undef" "new 0" "$(in_root "$root" "$sent" $how '$sub->(undef)')"
    expect "$how, a comparison, a negation" "new 0, new 1" "$(in_root "$root" "$sent" $how '$sub->($name eq "name", !$name)')"
    expect "$how, a variable twice" "new 0, new 1" "$(in_root "$root" "$sent" $how '$sub->($name, $name)')"
  done
done
exit "$failed"
