#!/usr/bin/env bash
# POE::Filter::Line without arguments finds out by itself how the other side ends its lines. If a
# block ends between the CR and the LF of a line end, it takes the CR for a whole line end, and the
# LF that begins the next block for one more: an empty line that nobody sent. Where TCP cuts a
# stream decides it, so a protocol in which an empty line means something fails once in so many
# connections. It does not happen if lines end in LF alone, or if the filter is told
# InputLiteral => "\r\n".
#
# POE 1.370 (Debian's libpoe-perl), Perl 5.36. Needs: bash, curl, dpkg, about 10 MB of downloads.
source "$(dirname "$0")/lib/debian.bash"
perl_5_36
unpack 5.36 ba8024e8308a75bcc74b7d28de82fa7e90a993de33ccb046d56b52dd900f9874 libp/libpoe-perl/libpoe-perl_1.3700-1_all.deb

lines='use POE::Filter::Line; use POE; my ($options, @blocks) = @ARGV;
  my $filter = POE::Filter::Line->new(eval $options); my @lines;
  for (@blocks) {
    s/\\r/\r/g; s/\\n/\n/g; $filter->get_one_start([$_]);
    my $got;
    push @lines, @$got while @{ $got = $filter->get_one };
  }
  POE::Kernel->run; print map { "<$_>" } @lines'

expect "version" "1.370" "$(in_root 5.36 'use POE::Filter::Line; use POE; POE::Kernel->run; print POE->VERSION')"
expect 'one block, \r\n' "<one><two>" "$(in_root 5.36 "$lines" '()' 'one\r\ntwo\r\n')"
expect 'cut within \r\n' "<one><><two>" "$(in_root 5.36 "$lines" '()' 'one\r' '\ntwo\r\n')"
expect 'cut before \r\n' "<one><two>" "$(in_root 5.36 "$lines" '()' 'one' '\r\ntwo\r\n')"
expect 'cut within \r\n, InputLiteral given' "<one><two>" "$(in_root 5.36 "$lines" '(InputLiteral => "\r\n")' 'one\r' '\ntwo\r\n')"
expect 'cut after \n alone' "<one><two>" "$(in_root 5.36 "$lines" '()' 'one\n' 'two\n')"
exit "$failed"
