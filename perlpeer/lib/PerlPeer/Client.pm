package PerlPeer::Client;

# POE::Component::IKC::Client with an ear on the state that says that a connection stands. Releases before
# 0.2400 tell nobody when the negotiation on it fails, but they drop the socket, and that can be seen.

use strict;
use warnings;

use POE::Session;
use Scalar::Util qw(weaken);
use POE::Component::IKC::Client;

our @ISA = ('POE::Component::IKC::Client');

our $on_socket;    # of the client that spawn is about to make: called with a weak reference to its socket

sub _start {
    $_[HEAP]{perlpeer} = $on_socket;
    return $_[OBJECT]->SUPER::_start( @_[ 1 .. $#_ ] );
}

sub connected {
    my ( $heap, $socket ) = @_[ HEAP, ARG0 ];
    weaken($socket);
    $heap->{perlpeer}->( \$socket ) if $heap->{perlpeer};
    return $_[OBJECT]->SUPER::connected( @_[ 1 .. $#_ ] );
}

1;
