#!/usr/bin/env bash
# Storable's dclone is said to copy deeply. Three things are not in the copy, and nothing warns:
#
# - the lock of a hash that has no keys, present or legal: a copy of an empty object that was locked
#   against new keys takes any. With one key, or with one legal key that is absent, it stays locked.
# - the class of a blessed code reference ($Storable::Deparse and $Storable::Eval set): the copy is
#   a plain CODE, its methods are gone. A blessed array in the same place keeps its class.
# - the UTF-8 flag of an empty string.
#
# So does freeze and thaw. The same in Storable 3.26 (Perl 5.36, Debian bookworm) and 3.32
# (Perl 5.40, Debian trixie), amd64. Needs: bash, curl, dpkg, about 20 MB of downloads.
source "$(dirname "$0")/lib/debian.bash"
perl_5_36
perl_5_40

lock='use Storable "dclone"; use Hash::Util "lock_keys";
  for ([{}], [{ key => 1 }], [{}, "legal"]) {
    my ($h, @legal) = @$_; lock_keys(%$h, @legal ? @legal : keys %$h);
    my $copy = dclone($h); eval { $copy->{other} = 1 }; print $@ ? "locked " : "open ";
  }'
class='use Storable "dclone"; $Storable::Deparse = $Storable::Eval = 1;
  my $copy = dclone([bless(sub { 42 }, "Some::Class"), bless([], "Some::Class")]);
  print join " ", map { ref } @$copy'
flag='use Storable "dclone"; my $s = ""; utf8::upgrade($s); my $t = "x"; utf8::upgrade($t);
  print join " ", map { utf8::is_utf8(${ dclone(\$_) }) ? "characters" : "octets" } $s, $t'

for root in 5.36 5.40; do
  echo "== $(in_root "$root" 'use Storable; printf "Perl %vd, Storable %s", $^V, Storable->VERSION')"
  expect "locked hashes: empty, with a key, with a legal key" "open locked locked " "$(in_root "$root" "$lock")"
  expect "classes of a blessed sub and of a blessed array" "CODE Some::Class" "$(in_root "$root" "$class")"
  expect "strings of characters: empty, and not" "octets characters" "$(in_root "$root" "$flag")"
done
exit "$failed"
