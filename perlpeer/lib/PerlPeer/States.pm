package PerlPeer::States;

# Scripted states: what a state does is said by an action of the driver protocol, see "Actions" in
# DRIVER.md. compile() turns an action into code; a session of PerlPeer::Kernel runs it.

use strict;
use warnings;

use POE::Kernel;
use POE::Session;

use PerlPeer::Error;
use PerlPeer::Fields qw(text optional_text number value);
use PerlPeer::Typed;

use constant KEEP => 'perlpeer';    # the reason given for keeping a sender

my %COMPILE = (
    echo    => sub { sub { $_[ARG0] } },
    args    => sub {
        sub { [ @_[ ARG0 .. $#_ ] ] }
    },
    nothing => sub { sub { return } },
    undef   => sub {
        sub { return undef }
    },
    return => sub {
        my ($action) = @_;
        value( $action, 'value' );                     # is it one?
        sub { return value( $action, 'value' ) };      # a new one every time
    },
    list => sub {
        my ($action) = @_;
        ref $action->{values} eq 'ARRAY' or PerlPeer::Error->usage("field 'values' is a list");
        my $make = sub {
            map { ${ PerlPeer::Typed::decode($_) } } @{ $action->{values} };
        };
        $make->();

        # In scalar context a slice is its last value, as the list that it stands for.
        sub { my @values = $make->(); return @values[ 0 .. $#values ] };
    },
    count => sub {
        my $count = 0;
        sub { return ++$count }
    },
    die => sub {
        my ($action) = @_;
        my $message = optional_text( $action, 'message' );
        $message = 'died' unless defined $message;
        sub { die "$message\n" }
    },
    sender => sub {
        my ($action) = @_;
        my $state = text( $action, 'state' );
        my $after = number( $action, 'after', 0 );
        sub {
            my ( $kernel, $sender, $argument ) = @_[ KERNEL, SENDER, ARG0 ];

            # The proxy of a remote sender serves the next request as soon as nobody holds it.
            my $id = $sender->ID;
            $kernel->refcount_increment( $id, KEEP );
            if   ($after) { $kernel->delay_set( 'perlpeer:sender', $after, $id, $state, $argument ) }
            else          { $kernel->yield( 'perlpeer:sender', $id, $state, $argument ) }
            return;
        };
    },
    respond => sub {
        sub {
            my ( $kernel, $request ) = @_[ KERNEL, ARG0 ];
            ref $request eq 'ARRAY' or die "respond: the first argument is not [params, rsvp]\n";
            my ( $params, $rsvp ) = @$request;
            $kernel->post( IKC => 'post', $rsvp, $params );
            return;
        };
    },
);

sub actions { my @names = sort keys %COMPILE; return @names }

# compile returns the code of a state. $report is called first, with the context and the arguments.
sub compile {
    my ( $action, $report ) = @_;
    ref $action eq 'HASH' or PerlPeer::Error->usage('an action is an object');
    my $name = text( $action, 'do' );
    my $make = $COMPILE{$name} or PerlPeer::Error->unsupported("no action '$name' in this driver");
    my $body = $make->($action);
    my $sleep = number( $action, 'sleep', 0 );
    return sub {
        my $wants = wantarray;
        $report->( $_[SENDER], $wants ? 'list' : defined $wants ? 'scalar' : 'void', @_[ ARG0 .. $#_ ] );
        select undef, undef, undef, $sleep if $sleep;    # on purpose: a slow state holds up its kernel
        goto &$body;
    };
}

# send_to_sender is the state perlpeer:sender, second half of the action sender.
sub send_to_sender {
    my ( $kernel, $id, $state, $argument ) = @_[ KERNEL, ARG0, ARG1, ARG2 ];
    $kernel->call( $id, $state, $argument );
    $kernel->refcount_decrement( $id, KEEP );
    return;
}

1;
