package PerlPeer::Kernel;

# The driver proper: one POE session that reads commands and has POE::Component::IKC carry them out.

use strict;
use warnings;

use POE qw(Kernel Session);
use IO::Socket::INET ();
use Socket qw(unpack_sockaddr_in inet_ntoa);
use POE::Component::IKC::ClientLite;
use POE::Component::IKC::Responder;
use POE::Component::IKC::Specifier;

use PerlPeer::Client;
use PerlPeer::Error;
use PerlPeer::Fields qw(text optional_text list number value);
use PerlPeer::JSON;
use PerlPeer::Lite;
use PerlPeer::Protocol;
use PerlPeer::Release;
use PerlPeer::Server;
use PerlPeer::States;
use PerlPeer::Typed;

use constant {
    TICK         => 0.02,    # seconds between looks at what has no event
    LISTEN_LIMIT => 10,      # seconds to wait for a listening socket
    CLOSE_LIMIT  => 10,      # seconds to wait for connections to close
};

my %COMMANDS = (
    hello       => \&hello,
    listen      => \&listen_for,
    connect     => \&connect_to,
    session     => \&session,
    publish     => \&publish,
    retract     => \&retract,
    post        => \&post,
    'proxy-post' => \&proxy_post,
    call        => \&call,
    subscribe   => \&subscribe,
    unsubscribe => \&unsubscribe,
    monitor     => \&monitor,
    disconnect  => \&disconnect,
    shutdown    => \&shut_down,
    quit        => \&quit,
);
my @LITE = qw(lite-connect lite-post lite-call lite-post-respond lite-responded lite-ping lite-disconnect);

# new( in => handle, out => handle, lite => path of lite.pl ) makes the session; POE::Kernel->run does the rest.
sub new {
    my ( $class, %with ) = @_;
    my $self = bless { in => $with{in}, sessions => {}, unix => [], sequence => 0 }, $class;
    my %commands;
    for my $name ( keys %COMMANDS ) {
        my $handler = $COMMANDS{$name};
        $commands{$name} = sub { $handler->( $self, @_ ) };
    }
    $commands{$_} = sub { $self->{lite}->forward(@_) }
        for @LITE;
    delete $commands{'lite-responded'} unless POE::Component::IKC::ClientLite->can('responded');
    $self->{commands} = [ sort keys %commands ];
    $self->{protocol} = PerlPeer::Protocol->new( out => $with{out}, commands => \%commands );
    $self->{lite}     = PerlPeer::Lite->new( protocol => $self->{protocol}, program => $with{lite} );

    POE::Session->create(
        object_states => [
            $self => {
                _start      => '_start',
                _stop       => '_stop',
                input       => '_input',
                again       => '_again',
                lite_output => '_lite_output',
                lite_gone   => '_lite_gone',
            }
        ],
    );
    return $self;
}

#----- the driver's own session ---------------------------------------------------------------------

sub _start {
    my ( $self, $kernel, $session ) = @_[ OBJECT, KERNEL, SESSION ];
    $self->{id} = $session->ID;
    $kernel->select_read( $self->{in}, 'input' );

    # Posts without a session come from one that has no alias and has published nothing.
    $self->{nameless} = $self->_make_session(undef);
    return;
}

sub _stop { return }

sub _input {
    my ( $self, $kernel ) = @_[ OBJECT, KERNEL ];
    $self->{protocol}->read_from( $self->{in} ) or $self->_exit;
    return;
}

sub _exit {
    my ($self) = @_;
    $self->{lite}->stop;
    unlink @{ $self->{unix} };
    exit 0;
}

sub _again { my ($what) = $_[ARG0]; $what->(); return }

# later runs code from the driver's session, after what is queued now or after some seconds.
sub _later {
    my ( $self, $what, $seconds ) = @_;
    if   ($seconds) { $poe_kernel->call( $self->{id}, 'again', sub { $poe_kernel->delay_set( again => $seconds, $what ) } ) }
    else            { $poe_kernel->post( $self->{id}, 'again', $what ) }
    return;
}

# poll answers ok as soon as $done returns fields, and with what $late throws after some seconds.
sub _poll {
    my ( $self, $answer, $seconds, $done, $late ) = @_;
    return if $answer->done;
    my $fields = eval { $done->() };
    if    ($@)      { $answer->error($@) }
    elsif ($fields) { $answer->ok($fields) }
    elsif ( $seconds <= 0 ) {
        eval { $late->() };
        $answer->error($@);
    }
    else {
        $self->_later( sub { $self->_poll( $answer, $seconds - TICK, $done, $late ) }, TICK );
    }
    return;
}

sub _lite_output { $_[OBJECT]{lite}->output; return }
sub _lite_gone   { $_[OBJECT]{lite}->gone( $_[ARG2] ); return }

#----- IKC -----------------------------------------------------------------------------------------

sub _need_ikc {
    my ($self) = @_;
    if ( !$self->{spawned}++ ) {
        my $class = 'POE::Component::IKC::Responder';
        $class->can('spawn') ? $class->spawn : POE::Component::IKC::Responder::create_ikc_responder();
    }
    $poe_kernel->alias_resolve('IKC') or PerlPeer::Error->failed('IKC has been shut down in this process');
    return $POE::Component::IKC::Responder::ikc;
}

sub _protocol {
    my ($c) = @_;
    my $wanted = optional_text( $c, 'protocol' );
    return () unless defined $wanted;
    $wanted eq 'IKC' || $wanted eq 'IKC0' or PerlPeer::Error->usage("field 'protocol' is IKC0 or IKC");
    PerlPeer::Release::has_protocol($wanted)
        or PerlPeer::Error->unsupported( 'release ' . PerlPeer::Release::name() . " has no protocol $wanted" );
    return ( protocol => $wanted );
}

sub _address {
    my ($text) = @_;
    my ( $host, $port ) = $text =~ /\A(.+):(\d+)\z/ or PerlPeer::Error->usage("field 'address' is host:port");
    $port < 65536 or PerlPeer::Error->usage("'$port' is no port");
    return ( $host, $port );
}

sub _on_error {
    my ( $self, $also ) = @_;
    return sub {
        my ( $operation, $number, $message ) = @_;
        $self->{protocol}->event(
            'error',
            operation => defined $operation ? "$operation" : undef,
            number    => defined $number    ? 0 + $number  : undef,
            message   => defined $message   ? "$message"   : undef,
        );
        $also->("$operation: $message") if $also;
    };
}

sub hello {
    my ($self) = @_;
    return {
        protocol       => 1,
        driver         => 'perlpeer',
        implementation => 'POE::Component::IKC',
        release        => PerlPeer::Release::name(),
        versions       => PerlPeer::Release::versions(),
        pid            => $$,
        kernel         => $poe_kernel->ID,
        capabilities   => [qw(server client clientlite unix)],
        protocols      => [ PerlPeer::Release::protocols() ],
        serializers    => [ PerlPeer::Release::serializers() ],
        commands       => $self->{commands},
        actions        => [ PerlPeer::States::actions() ],
        monitors       => [ PerlPeer::Release::monitors() ],
        booleans       => PerlPeer::JSON::boolean( PerlPeer::Typed::has_booleans() ),
        integers       => 8 * length pack( 'j', 0 ),
    };
}

sub listen_for {
    my ( $self, $c, $answer ) = @_;
    my %with = ( name => text( $c, 'name' ), aliases => list( $c, 'aliases' ), _protocol($c) );
    my $unix = optional_text( $c, 'unix' );
    if ( defined $unix ) { $with{unix} = $unix; push @{ $self->{unix} }, $unix }
    else {
        my $address = optional_text( $c, 'address' );
        @with{qw(ip port)} = _address( defined $address ? $address : '127.0.0.1:0' );
        if ( !$with{port} && !PerlPeer::Release::picks_port() ) { $with{port} = _free_port( $with{ip} ) }
    }
    $self->_need_ikc;
    my $failed = sub { $answer->error( PerlPeer::Error->new( failed => $_[0] ) ) };
    local $PerlPeer::Server::starting = {
        failed => $failed,
        ready  => sub {
            my ($name) = @_;
            my $fields = { unix => $unix };
            if ( !defined $unix ) {
                my ( $port, $host ) = unpack_sockaddr_in($name);
                $fields = { address => inet_ntoa($host) . ":$port" };
            }

            # After what the start of the server has queued, the registration of its names among it.
            $self->_later( sub { $answer->ok($fields) } );
        },
    };
    PerlPeer::Server->spawn( %with, on_error => $self->_on_error($failed) );
    $self->_poll( $answer, LISTEN_LIMIT, sub { undef },
        sub { PerlPeer::Error->timeout('the server did not get to listen') } );
    return;
}

# free_port finds a port that is free now. Somebody may take it before the server does; the answer is then
# that the address is in use.
sub _free_port {
    my ($host) = @_;
    my $s = IO::Socket::INET->new( LocalAddr => $host, LocalPort => 0, Proto => 'tcp', Listen => 1, ReuseAddr => 1 )
        or PerlPeer::Error->failed("bind: $!");
    return $s->sockport;
}

sub connect_to {
    my ( $self, $c, $answer ) = @_;
    my %with = ( name => text( $c, 'name' ), aliases => list( $c, 'aliases' ), _protocol($c) );
    my $unix = optional_text( $c, 'unix' );
    if   ( defined $unix ) { $with{unix} = $unix }
    else                   { @with{qw(ip port)} = _address( text( $c, 'address' ) ) }
    $with{serializers} = list( $c, 'serializers' ) if $c->{serializers};
    $with{subscribe}   = list( $c, 'subscribe' )   if $c->{subscribe};
    my $timeout = number( $c, 'timeout', 10 );
    $self->_need_ikc;

    my $socket;
    local $PerlPeer::Client::on_socket = sub { ($socket) = @_ };
    PerlPeer::Client->spawn(
        %with,
        on_error   => $self->_on_error( sub { $answer->error( PerlPeer::Error->new( failed => $_[0] ) ) } ),
        on_connect => sub {
            my $channel = $poe_kernel->get_active_session;
            my $id      = $channel->get_heap->{remote_ID};
            $answer->ok( { kernel => $id } );
        },
    );
    $self->_poll(
        $answer, $timeout,
        sub {
            $socket && !defined $$socket and PerlPeer::Error->failed('the connection closed during the negotiation');
            return undef;
        },
        sub { PerlPeer::Error->timeout("not connected after $timeout s") },
    );
    return;
}

#----- sessions ------------------------------------------------------------------------------------

# make_session creates a session that scripted states can be added to, and returns its id.
sub _make_session {
    my ( $self, $alias ) = @_;
    my $session = POE::Session->create(
        inline_states => {
            _start => sub {
                my ( $kernel, $session ) = @_[ KERNEL, SESSION ];
                if   ( defined $alias ) { $kernel->alias_set($alias) }
                else                    { $kernel->refcount_increment( $session->ID, 'perlpeer' ) }
            },
            _stop             => sub { return },
            'perlpeer:run'    => sub { return $_[ARG0]->( @_[ KERNEL, SESSION ] ) },
            'perlpeer:sender' => \&PerlPeer::States::send_to_sender,
        },
    );
    return $session->ID;
}

# in_session runs code in a session of this driver and returns its result, or throws what it threw.
sub _in_session {
    my ( $self, $id, $code ) = @_;
    my ( $result, $error );
    $poe_kernel->call(
        $id,
        'perlpeer:run',
        sub {
            my @with = @_;
            $result = eval { $code->(@with) };
            $error  = $@;
            return;
        }
    );
    die PerlPeer::Error->from($error) if $error;
    return $result;
}

# sender is the id of the session that a command speaks for.
sub _sender {
    my ( $self, $c ) = @_;
    my $alias = optional_text( $c, 'session' );
    return $self->{nameless} unless defined $alias;
    return $self->_session_named($alias);
}

sub _session_named {
    my ( $self, $alias ) = @_;
    return $self->{sessions}{$alias} || PerlPeer::Error->failed("no session '$alias' was created here");
}

sub session {
    my ( $self, $c ) = @_;
    my $alias  = text( $c, 'session' );
    my $states = $c->{states};
    ref $states eq 'HASH' or PerlPeer::Error->usage("field 'states' is an object: {state: action}");
    my $publish = $c->{publish} ? list( $c, 'publish' ) : [ sort keys %$states ];
    my $ikc = $self->_need_ikc;
    my %code;
    for my $state ( keys %$states ) {
        $state =~ /\A(?:_|perlpeer:)/ and PerlPeer::Error->usage("a state cannot be called '$state'");
        $code{$state} = PerlPeer::States::compile( $states->{$state}, $self->_reporter( $alias, $state ) );
    }
    if ( !$self->{sessions}{$alias} ) {
        defined $poe_kernel->alias_resolve($alias) and PerlPeer::Error->failed("the alias '$alias' is taken");
        $self->{sessions}{$alias} = $self->_make_session($alias);
    }
    $self->_in_session( $self->{sessions}{$alias}, sub { $_[0]->state( $_, $code{$_} ) for keys %code } );
    $ikc->publish( $alias, $publish ) if @$publish;
    return {};
}

sub _reporter {
    my ( $self, $alias, $state ) = @_;
    return sub {
        my ( $sender, $context, @arguments ) = @_;
        my $mine = $sender == $poe_kernel || $sender->ID eq $self->{id} || $sender->ID eq $self->{nameless};
        $mine ||= grep { $_ eq $sender->ID } values %{ $self->{sessions} };
        $self->{protocol}->event(
            'state',
            session => $alias,
            state   => $state,
            args    => [ map { _raw( \$_ ) } @arguments ],
            context => $context,
            sender  => PerlPeer::JSON::boolean( !$mine ),
        );
    };
}

sub _raw { return PerlPeer::JSON::raw( PerlPeer::Typed::encode( $_[0] ) ) }

sub publish {
    my ( $self, $c ) = @_;
    my ( $alias, $states ) = ( text( $c, 'session' ), list( $c, 'states' ) );
    $self->_session_named($alias);
    $self->_need_ikc->publish( $alias, $states );
    return {};
}

sub retract {
    my ( $self, $c ) = @_;
    my ( $alias, $states ) = ( text( $c, 'session' ), list( $c, 'states' ) );
    $self->_session_named($alias);
    $self->_need_ikc->retract( $alias, $states ) or PerlPeer::Error->failed("session '$alias' has published nothing");
    return {};
}

#----- messages ------------------------------------------------------------------------------------

sub _specifier {
    my ($text) = @_;
    my $s = specifier_parse($text);
    return $text if $s && $s->{session} && $s->{state};
    if ( $text =~ /\?/ && !PerlPeer::Release::takes_argument() ) {
        PerlPeer::Error->unsupported( 'release ' . PerlPeer::Release::name() . " has no specifiers with ?argument: '$text'" );
    }
    PerlPeer::Error->usage("'$text' is not poe://kernel/session/state");
}

sub post {
    my ( $self, $c ) = @_;
    my ( $to, $params ) = ( _specifier( text( $c, 'to' ) ), value( $c, 'params' ) );
    my $sender = $self->_sender($c);
    my $ikc    = $self->_need_ikc;
    my $count  = $self->_in_session( $sender, sub { $ikc->post( $to, $params, $_[1] ) } );
    return { count => _count($count) };
}

sub call {
    my ( $self, $c ) = @_;
    my ( $to, $params, $rsvp ) = ( _specifier( text( $c, 'to' ) ), value( $c, 'params' ), text( $c, 'rsvp' ) );
    _specifier($rsvp);
    my $sender = $self->_sender($c);
    my $ikc    = $self->_need_ikc;
    my $count  = $self->_in_session( $sender, sub { $ikc->call( $to, $params, $rsvp, $_[1] ) } );
    return { count => _count($count) };
}

# proxy_post posts to the session that stands here for a remote one since it was subscribed to.
sub proxy_post {
    my ( $self, $c ) = @_;
    my ( $to, $state ) = ( text( $c, 'to' ), text( $c, 'state' ) );
    my $args = $c->{args};
    $args = [] unless defined $args;
    ref $args eq 'ARRAY' or PerlPeer::Error->usage("field 'args' is a list");
    my @args   = map { ${ PerlPeer::Typed::decode($_) } } @$args;
    my $sender = $self->_sender($c);
    $poe_kernel->alias_resolve($to) or PerlPeer::Error->failed("there is no proxy '$to'; subscribe first");
    $self->_in_session( $sender, sub { $_[0]->post( $to, $state, @args ) } );
    return {};
}

# count: how many kernels it was sent to. The module returns an empty list when it did not get that far.
sub _count { return defined $_[0] ? 0 + $_[0] : 0 }

sub subscribe {
    my ( $self, $c, $answer ) = @_;
    my $specifiers = list( $c, 'specifiers' );
    @$specifiers or PerlPeer::Error->usage("field 'specifiers' is empty");
    for my $s (@$specifiers) {
        my $parsed = specifier_parse($s);
        $parsed && $parsed->{kernel} && $parsed->{session} or PerlPeer::Error->usage("'$s' is not poe://kernel/session");
    }
    my $sender = $self->_sender($c);
    $self->_need_ikc;
    my $done = sub { $answer->ok( { accepted => [ map {"$_"} @{ $_[0] || [] } ] } ) };
    my $state = 'perlpeer:subscribed-' . ++$self->{sequence};
    $self->_in_session(
        $sender,
        sub {
            my ($kernel) = @_;
            my $callback = $done;
            if ( !PerlPeer::Release::takes_callback() ) {
                $callback = $state;
                $kernel->state( $state, sub { $done->( $_[ARG0] ); $_[KERNEL]->state($state) } );
            }

            # As an event: IKC makes the states of a subscription in the session that is active.
            $kernel->call( IKC => 'subscribe', $specifiers, $callback );
        }
    );
    return;
}

sub unsubscribe {
    my ( $self, $c ) = @_;
    my $specifiers = list( $c, 'specifiers' );
    $self->_need_ikc->unsubscribe($specifiers);
    return {};
}

sub monitor {
    my ( $self, $c ) = @_;
    my ( $name, $events ) = ( text( $c, 'kernel' ), list( $c, 'events' ) );
    my %known = map { ( $_ => 1 ) } PerlPeer::Release::monitors();
    for my $e (@$events) {
        $known{$e} or PerlPeer::Error->unsupported( 'release ' . PerlPeer::Release::name() . " has no monitor '$e'" );
    }
    my $ikc = $self->_need_ikc;
    my %states;
    for my $e (@$events) {
        my $state = $states{$e} = "monitored-$e";
        $poe_kernel->call(
            $self->{id}, 'again',
            sub {
                $poe_kernel->state( $state, sub { $self->_report_monitor( $e, @_[ ARG0 .. $#_ ] ) } );
            }
        );
    }
    $ikc->monitor( $self->{id}, $name, \%states );
    return {};
}

sub _report_monitor {
    my ( $self, $what, $name, $about, $real, undef, @arguments ) = @_;
    $self->{protocol}->event(
        'monitor',
        kernel => $name,
        about  => $about,
        real   => PerlPeer::JSON::boolean($real),
        what   => $what,
        args   => [ map { _raw( \$_ ) } @arguments ],
    );
    return;
}

# channels are the ids of the channels whose connection is open: those that still have their wheel.
sub _channels {
    my ($ikc) = @_;
    my $own = $ikc->{local_channel};
    my %seen;
    return grep { !( defined $own && $_ eq $own ) && !$seen{$_}++ && _is_open($_) }
        map { ref $_ ? $_->ID : $_ } values %{ $ikc->{channel} };
}

sub _is_open {
    my ($id) = @_;
    my $session = $poe_kernel->ID_id_to_session($id) or return 0;
    return defined $session->get_heap->{wheel_client};
}

sub disconnect {
    my ( $self, undef, $answer ) = @_;
    my $ikc = $self->_need_ikc;
    my @open = _channels($ikc);
    for my $id (@open) {
        if ( !PerlPeer::Release::unregisters() ) {
            my $channel = $poe_kernel->ID_id_to_session($id);
            my $remote  = $channel->get_heap->{remote_ID};
            $ikc->unregister( $channel, $remote ) if defined $remote;
        }
        $poe_kernel->post( $id, 'shutdown' );
    }
    $self->_poll(
        $answer,
        CLOSE_LIMIT,
        sub { grep( { _is_open($_) } @open ) || _channels($ikc) ? undef : {} },
        sub { PerlPeer::Error->timeout('connections are still open') },
    );
    return;
}

sub shut_down {
    my ( $self, undef, $answer ) = @_;
    $self->_need_ikc;
    $poe_kernel->call( IKC => 'shutdown' );

    # After the events that this has queued for channels and monitors.
    $self->_later( sub { $answer->ok( {} ) } );
    return;
}

sub quit {
    my ( $self, undef, $answer ) = @_;
    $answer->ok( {} );
    $self->_exit;
}

1;
