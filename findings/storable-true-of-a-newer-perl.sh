#!/usr/bin/env bash
# Storable of Perl 5.36 cannot thaw what Storable of Perl 5.40 makes of the result of a comparison,
# and cannot say why: the image claims a minor version of the format that both know (11), but has
# tags of the next (12). So nothing in the head of an image tells whether an older Perl can read it,
# and $Storable::accept_future_minor, which is about the claimed version, makes no difference. The
# same structure with 1 in place of (1 == 1) is read. In the other direction all is well.
#
# Storable 3.26 (Perl 5.36, Debian bookworm) and 3.32 (Perl 5.40, Debian trixie), amd64.
# Needs: bash, curl, dpkg, about 20 MB of downloads.
source "$(dirname "$0")/lib/debian.bash"
perl_5_36
perl_5_40

freeze='use Storable "nfreeze"; print unpack "H*", nfreeze([$ARGV[0] ? (1 == 1) : 1])'
thaw='use Storable "thaw"; $Storable::accept_future_minor = $ARGV[1];
  my $v = eval { thaw(pack "H*", $ARGV[0]) }; print $v ? "thawed: $v->[0]" : $@ =~ /^(.*?) at /'
version='use Storable; printf "Perl %vd, Storable %s", $^V, Storable->VERSION'

expect "the one" "Perl 5.36.0, Storable 3.26" "$(in_root 5.36 "$version")"
expect "the other" "Perl 5.40.1, Storable 3.32" "$(in_root 5.40 "$version")"
image=$(in_root 5.40 "$freeze" 1)
expect "5.40 freezes [1 == 1]: major 5 with network order, minor 0b, an array of one, tag 22" "050b020000000122" "$image"
expect "5.36 thaws it" "Corrupted storable string (binary v2.11)" "$(in_root 5.36 "$thaw" "$image" 1)"
expect "5.36 thaws it, future minors not accepted" "Corrupted storable string (binary v2.11)" "$(in_root 5.36 "$thaw" "$image" 0)"
expect "5.36 thaws [1] of 5.40" "thawed: 1" "$(in_root 5.36 "$thaw" "$(in_root 5.40 "$freeze" 0)" 1)"
expect "5.40 thaws [1 == 1] of 5.36" "thawed: 1" "$(in_root 5.40 "$thaw" "$(in_root 5.36 "$freeze" 1)" 1)"
exit "$failed"
