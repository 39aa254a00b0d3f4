#!/usr/bin/env bash
# A protocol that begins with lines and goes on in another form is read in POE by a
# POE::Wheel::ReadWrite whose input filter is changed when the last line comes: the wheel asks the
# old filter for what it has not used (get_pending), and gives it to the new one. With a
# POE::Filter::Stackable of two filters or more, as when each line is also passed through a
# POE::Filter::Map, what came in one read with the last line is lost: each filter but the last has
# what is pending put by the next, which forgets it. No error, and what comes later is read well, so
# it depends on how the stream is cut. A stack of one filter, and the filter alone, lose nothing.
#
# POE 1.370 (Debian's libpoe-perl), Perl 5.36. Needs: bash, curl, dpkg, about 10 MB of downloads.
source "$(dirname "$0")/lib/debian.bash"
perl_5_36
unpack 5.36 ba8024e8308a75bcc74b7d28de82fa7e90a993de33ccb046d56b52dd900f9874 libp/libpoe-perl/libpoe-perl_1.3700-1_all.deb

# What a session gets by a pipe, one piece written before it reads, the other when it has changed
# the filter: after the line "binary", to POE::Filter::Stream.
got='use strict; use IO::Handle;
  use POE qw(Wheel::ReadWrite Filter::Stackable Filter::Line Filter::Map Filter::Stream);
  my ($kind, $first, $second) = @ARGV; s/\\n/\n/g for $first, $second;
  my $line = POE::Filter::Line->new(Literal => "\n");
  my $map = POE::Filter::Map->new(Code => sub { $_ });
  my %filters = (line => $line, one => POE::Filter::Stackable->new(Filters => [$line]),
    two => POE::Filter::Stackable->new(Filters => [$line, $map]));
  pipe my $r, my $w or die $!; syswrite $w, $first;
  POE::Session->create(inline_states => {
    _start => sub {
      $_[HEAP]{wheel} = POE::Wheel::ReadWrite->new(InputHandle => $r, OutputHandle => \*STDERR,
        Filter => $filters{$kind}, InputEvent => "input", ErrorEvent => "end");
    },
    input => sub {
      print "<$_[ARG0]>";
      return unless $_[ARG0] eq "binary";
      $_[HEAP]{wheel}->set_input_filter(POE::Filter::Stream->new);
      syswrite $w, $second; close $w;
    },
    end => sub { delete $_[HEAP]{wheel} },
  });
  POE::Kernel->run'

expect "version" "1.370" "$(in_root 5.36 'use POE; POE::Kernel->run; print POE->VERSION')"
expect "Line" "<hello><binary><first><second>" "$(in_root 5.36 "$got" line 'hello\nbinary\nfirst' second)"
expect "Stackable of Line" "<hello><binary><first><second>" "$(in_root 5.36 "$got" one 'hello\nbinary\nfirst' second)"
expect "Stackable of Line and Map" "<hello><binary><second>" "$(in_root 5.36 "$got" two 'hello\nbinary\nfirst' second)"
expect "Stackable of Line and Map, cut behind the line" "<hello><binary><firstsecond>" \
  "$(in_root 5.36 "$got" two 'hello\nbinary\n' firstsecond)"
exit "$failed"
