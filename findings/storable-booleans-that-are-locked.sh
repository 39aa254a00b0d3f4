#!/usr/bin/env bash
# Storable of Perl 5.40 keeps booleans as booleans, but not those that are read-only, such as the
# values of a hash that is locked: they come back as the strings "1" and "". So what is sent as true
# in JSON before lock_hash is "1" after it, and dclone of a configuration is not the same as the
# configuration. In numbers and strings a lock changes nothing.
#
# Storable 3.32 (Perl 5.40, Debian trixie), amd64.
# Needs: bash, curl, dpkg, about 10 MB of downloads.
source "$(dirname "$0")/lib/debian.bash"
perl_5_40

kept='no warnings "experimental"; use Storable "dclone"; use Hash::Util "lock_hash"; use builtin "is_bool";
  my $config = { on => (1 == 1), off => (1 == 0) };
  lock_hash(%$config) if $ARGV[0];
  my $copy = dclone($config);
  print join ", ", map { my $v = $copy->{$_}; "$_ is " . (is_bool($v) ? "a boolean" : "\"$v\"") } sort keys %$copy'

expect "version" "Perl 5.40.1, Storable 3.32" "$(in_root 5.40 'use Storable; printf "Perl %vd, Storable %s", $^V, Storable->VERSION')"
expect "not locked" "off is a boolean, on is a boolean" "$(in_root 5.40 "$kept" 0)"
expect "locked" "off is \"\", on is \"1\"" "$(in_root 5.40 "$kept" 1)"
expect "locked, before" "a boolean" "$(in_root 5.40 'no warnings; use Hash::Util "lock_hash"; my $c = { on => (1 == 1) }; lock_hash(%$c); print builtin::is_bool($c->{on}) ? "a boolean" : "none"')"
exit "$failed"
