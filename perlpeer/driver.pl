#!/usr/bin/perl

# Puts the POE::Component::IKC of this machine under the control of a conformance harness.

use strict;
use warnings;

my $protocol_out;

BEGIN {
    if ( grep { $_ eq '--help' || $_ eq '-h' } @ARGV ) {
        print <<'HELP';
usage: perl driver.pl

Drives the real POE::Component::IKC: reads one JSON object a line from standard input, does what it
says, writes one JSON object a line to standard output. The protocol is described in
conformance/DRIVER.md of github.com/perl-ikc/ikc-conform. A harness starts this program; by hand:

    $ perl driver.pl
    {"id": 1, "cmd": "hello"}
    {"id": 2, "cmd": "listen", "name": "Server"}
    {"id": 3, "cmd": "session", "session": "me", "states": {"echo": {"do": "echo"}}}

and, in another terminal, with the address that the second command answered:

    $ perl driver.pl
    {"id": 1, "cmd": "lite-connect", "name": "Lite", "address": "127.0.0.1:PORT"}
    {"id": 2, "cmd": "lite-call", "to": "me/echo", "params": {"b": "hello"}}
    {"id": 3, "cmd": "quit"}

Which release is driven depends on where perl finds the module: PERL5LIB says where to look first.
Needs Perl 5.10, POE, POE::Component::IKC and what these need; nothing else.
HELP
        exit 0;
    }

    # Only the protocol goes to standard output. Whatever else is printed there goes to standard error.
    open $protocol_out, '>&', \*STDOUT or die "standard output: $!\n";
    open STDOUT, '>&', \*STDERR or die "standard error: $!\n";
    $| = 1;
}

use FindBin;
use lib "$FindBin::Bin/lib";

use POE;
use PerlPeer::Kernel;

@ARGV and die "driver.pl takes no arguments; --help says more\n";
$SIG{PIPE} = 'IGNORE';

PerlPeer::Kernel->new( in => \*STDIN, out => $protocol_out, lite => "$FindBin::Bin/lite.pl" );
POE::Kernel->run;
