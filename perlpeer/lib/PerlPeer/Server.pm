package PerlPeer::Server;

# POE::Component::IKC::Server with an ear on two of its states: which address it got, and that it could
# not get one. Everything else, and these as well, is done by the original.

use strict;
use warnings;

use POE::Kernel;
use POE::Session;
use Socket;
use POE::Component::IKC::Server;

our @ISA = ('POE::Component::IKC::Server');

our $starting;    # { ready => sub, failed => sub } of the server that spawn is about to make

sub _start {
    my $heap  = $_[HEAP];
    my $hooks = $heap->{perlpeer} = $starting;
    my @result = $_[OBJECT]->SUPER::_start( @_[ 1 .. $#_ ] );
    my $name   = $heap->{wheel} ? $heap->{wheel}->getsockname : undef;
    $hooks->{ready}->($name) if $hooks && defined $name;
    return $result[0];
}

sub error {
    my ( $heap, $operation, $message ) = @_[ HEAP, ARG0, ARG2 ];
    $heap->{perlpeer}{failed}->("$operation: $message") if $heap->{perlpeer};
    return $_[OBJECT]->SUPER::error( @_[ 1 .. $#_ ] );
}

1;
