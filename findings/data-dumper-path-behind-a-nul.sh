#!/usr/bin/env bash
# Data::Dumper with Purity writes what else is in memory where the path to something shared goes
# through a hash key with a NUL and then into an array. Behind the NUL stand as many octets as the key
# has left, of what was freed before: pieces of paths, of other strings, of pointers. So what goes to a
# log, a cache or a peer may hold anything, and eval takes the text for something else or for a syntax
# error: the two references that were the same are not. With Useperl, which does without XS, the path
# is right. Without Purity there are no such paths. 2.192 (sid) does the same.
#
# Data::Dumper 2.184 (Perl 5.36, Debian bookworm) and 2.189 (Perl 5.40, Debian trixie), amd64.
# Needs: bash, curl, dpkg, about 20 MB of downloads.
source "$(dirname "$0")/lib/debian.bash"
perl_5_36
perl_5_40

dump='use Data::Dumper; $Data::Dumper::Purity = 1; $Data::Dumper::Indent = 0; $Data::Dumper::Useperl = $ARGV[1];
  my $shared = {};
  my $data = { "$ARGV[0]" =~ s/0/\0/r . "k" x 30 => [$shared, $shared] };
  my $text = Data::Dumper->Dump([$data], ["data"]);
  my $again = do { local $SIG{__WARN__} = sub {}; my $data; eval $text; $data };
  print ref $again && keys %$again == 1 && (values %$again)[0][0] == (values %$again)[0][1] ? "shared again" : "no longer shared";
  my $path = (keys %$data)[0] . qq(\x27}[1] = );
  print index($text, $path) < 0 ? ", other octets in the path" : ", the key in the path"'
version='use Data::Dumper; printf "Perl %vd, Data::Dumper %s", $^V, Data::Dumper->VERSION'

expect "the one" "Perl 5.36.0, Data::Dumper 2.184" "$(in_root 5.36 "$version")"
expect "the other" "Perl 5.40.1, Data::Dumper 2.189" "$(in_root 5.40 "$version")"
for perl in 5.36 5.40; do
  expect "$perl: a key without a NUL" "shared again, the key in the path" "$(in_root $perl "$dump" key- 0)"
  expect "$perl: a key with a NUL" "no longer shared, other octets in the path" "$(in_root $perl "$dump" key0 0)"
  expect "$perl: a key with a NUL, Useperl" "shared again, the key in the path" "$(in_root $perl "$dump" key0 1)"
done
exit "$failed"
