#!/usr/bin/perl

# Drives a POE::Component::IKC::ClientLite. Started by driver.pl; speaks the lite-* commands of the
# driver protocol on its standard input and output, one at a time.

use strict;
use warnings;

my $protocol_out;

BEGIN {
    open $protocol_out, '>&', \*STDOUT or die "standard output: $!\n";
    open STDOUT, '>&', \*STDERR or die "standard error: $!\n";
    $| = 1;
}

use FindBin;
use lib "$FindBin::Bin/lib";

use POE::Component::IKC::ClientLite;

use PerlPeer::Error;
use PerlPeer::Fields qw(text optional_text number value);
use PerlPeer::JSON;
use PerlPeer::Protocol;
use PerlPeer::Release;
use PerlPeer::Typed;

my $lite;

# ask runs a method of the client. The client keeps its last error for ever, so that it is emptied first.
sub ask {
    my ($method) = @_;
    $lite or PerlPeer::Error->failed('lite-connect comes first');
    $lite->{error} = undef;
    return $method->();
}

sub check {
    my $error = $lite->error;
    defined $error && length $error and PerlPeer::Error->failed($error);
    return;
}

sub encoded { return PerlPeer::JSON::raw( PerlPeer::Typed::encode( $_[0] ) ) }

# in_context runs a method in the context that the command asks for and returns the fields of the answer.
sub in_context {
    my ( $c, $method ) = @_;
    my $context = optional_text( $c, 'context' );
    $context = 'scalar' unless defined $context;
    if ( $context eq 'list' ) {
        my @values = ask($method);
        check();
        return { values => [ map { encoded( \$_ ) } @values ] };
    }
    $context eq 'scalar' or PerlPeer::Error->usage("context is 'scalar' or 'list'");
    my $value = ask($method);
    check() unless defined $value;
    return { value => encoded( \$value ) };
}

my %commands = (
    'lite-connect' => sub {
        my ($c) = @_;
        my ( $host, $port ) = text( $c, 'address' ) =~ /\A(.+):(\d+)\z/
            or PerlPeer::Error->usage("field 'address' is host:port");
        my %with = ( ip => $host, port => $port, name => text( $c, 'name' ) );
        if ( my $wanted = optional_text( $c, 'protocol' ) ) {
            PerlPeer::Release::has_protocol($wanted)
                or PerlPeer::Error->unsupported( 'release ' . PerlPeer::Release::name() . " has no protocol $wanted" );
            $with{protocol} = $wanted;
        }
        if ( my $serializer = optional_text( $c, 'serializer' ) ) {
            PerlPeer::Release::lite_reads($serializer)
                or PerlPeer::Error->unsupported(
                'the ClientLite of release ' . PerlPeer::Release::name() . " takes the count of what $serializer thaws for the value" );
            $with{serialiser} = $serializer;
        }
        my $timeout = number( $c, 'timeout', 10 );
        $with{timeout} = $timeout < 1 ? 1 : int $timeout;
        $POE::Component::IKC::ClientLite::error = undef;
        undef $lite;
        # Up to 0.2305 there is only a function to make one.
        $lite = eval {
            POE::Component::IKC::ClientLite->can('spawn')
                ? POE::Component::IKC::ClientLite->spawn(%with)
                : POE::Component::IKC::ClientLite::create_ikc_client(%with);
        };
        return { pid => $$ } if $lite;
        my $error = $@ || $POE::Component::IKC::ClientLite::error || 'no client, and no error';
        PerlPeer::Error->failed($error);
    },
    'lite-post' => sub {
        my ($c) = @_;
        my ( $to, $params ) = ( text( $c, 'to' ), value( $c, 'params' ) );
        my $sent = ask( sub { $lite->post( $to, $params ) } );
        check() unless $sent;
        return { sent => PerlPeer::JSON::boolean($sent) };
    },
    'lite-call' => sub {
        my ($c) = @_;
        my ( $to, $params ) = ( text( $c, 'to' ), value( $c, 'params' ) );
        return in_context( $c, sub { $lite->call( $to, $params ) } );
    },
    'lite-post-respond' => sub {
        my ($c) = @_;
        my ( $to, $params ) = ( text( $c, 'to' ), value( $c, 'params' ) );
        my $value = ask( sub { $lite->post_respond( $to, $params ) } );
        check() unless defined $value;
        return { value => encoded( \$value ) };
    },
    'lite-responded' => sub {
        my ($c) = @_;
        POE::Component::IKC::ClientLite->can('responded')
            or PerlPeer::Error->unsupported( 'release ' . PerlPeer::Release::name() . ' has no responded' );
        my $state = text( $c, 'state' );
        return in_context( $c, sub { $lite->responded($state) } );
    },
    'lite-ping' => sub {
        my $alive = ask( sub { $lite->ping } );
        return { alive => PerlPeer::JSON::boolean($alive) };
    },
    'lite-disconnect' => sub {
        ask( sub { $lite->disconnect } );
        undef $lite;
        return {};
    },
);

my $protocol = PerlPeer::Protocol->new( out => $protocol_out, commands => \%commands );
while ( $protocol->read_from( \*STDIN ) ) { }
