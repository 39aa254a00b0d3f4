#!/usr/bin/env bash
# Who streams through a POE::Wheel::ReadWrite with water marks stops when put returns true (HighMark
# is reached), and goes on at LowEvent. LowEvent is promised for when the output shrinks to LowMark
# after it reached HighMark. But each put sets anew whether it reached it: if somebody puts more
# while the output is between the marks, an octet is enough, the wheel forgets that it was full, and
# LowEvent does not come. So a stream that waits for it never goes on, if a heartbeat or what
# another session says goes through the same wheel at that time. After a put above HighMark, or
# none, LowEvent comes; which it is depends on how fast the other side reads.
#
# For the same reason HighEvent does not come when put reaches HighMark: put has noted it already,
# and the wheel tells only what it notices later. FlushedEvent comes in each case.
#
# POE 1.370 (Debian's libpoe-perl), Perl 5.36. Needs: bash, curl, dpkg, about 10 MB of downloads.
source "$(dirname "$0")/lib/debian.bash"
perl_5_36
unpack 5.36 ba8024e8308a75bcc74b7d28de82fa7e90a993de33ccb046d56b52dd900f9874 libp/libpoe-perl/libpoe-perl_1.3700-1_all.deb

# What a wheel with marks at 1,000 and 300,000 octets tells of 500,000, which go into a pipe that is
# read little by little, and of one octet more that is put once, above, between or below the marks.
told='use strict; use IO::Handle; use POE qw(Wheel::ReadWrite Filter::Stream);
  my ($where) = @ARGV; my ($low, $high, $reads) = (1_000, 300_000, 0);
  pipe my $r, my $w or die $!; $_->blocking(0) for $r, $w;
  sub put { my ($wheel, $octets) = @_; print $wheel->put("x" x $octets) ? "<full>" : "<room>" }
  POE::Session->create(inline_states => {
    _start => sub {
      $_[HEAP]{wheel} = POE::Wheel::ReadWrite->new(InputHandle => \*STDIN, OutputHandle => $w,
        Filter => POE::Filter::Stream->new, LowMark => $low, HighMark => $high,
        LowEvent => "low", HighEvent => "high", FlushedEvent => "flushed");
      put($_[HEAP]{wheel}, 500_000);
      $_[KERNEL]->delay(read => 0.001);
    },
    read => sub {
      die "not flushed" if ++$reads > 10_000;
      my $left = $_[HEAP]{wheel}->get_driver_out_octets;
      my $is = $left >= $high ? "above" : $left > $low ? "between" : "below";
      if ($is eq $where) { $where = ""; print "$is:"; put($_[HEAP]{wheel}, 1) }
      sysread $r, my $octets, 65536;
      $_[KERNEL]->delay(read => 0.001);
    },
    low => sub { print "low." }, high => sub { print "high." },
    flushed => sub { print "flushed"; delete $_[HEAP]{wheel}; $_[KERNEL]->delay("read") },
  });
  POE::Kernel->run'

expect "version" "1.370" "$(in_root 5.36 'use POE; POE::Kernel->run; print POE->VERSION')"
expect "nothing more put" "<full>low.flushed" "$(in_root 5.36 "$told" nowhere </dev/null)"
expect "an octet more above HighMark" "<full>above:<full>low.flushed" "$(in_root 5.36 "$told" above </dev/null)"
expect "an octet more between the marks" "<full>between:<room>flushed" "$(in_root 5.36 "$told" between </dev/null)"
exit "$failed"
