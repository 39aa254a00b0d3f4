use strict; use warnings;
use POE qw(Kernel); use POE::Component::IKC::Server;
# server.pl PORT SECONDS
my ($port, $seconds) = @ARGV;
POE::Component::IKC::Server->spawn(ip => '127.0.0.1', port => $port, name => 'Prod');
POE::Session->create(inline_states => {
    _start => sub {
        $_[KERNEL]->alias_set('svc');
        $_[KERNEL]->call(IKC => publish => svc => [qw(echo die exit busy nothing undef smile)]);
        $_[KERNEL]->delay(stop => $seconds);
    },
    stop => sub { POE::Kernel->stop },
    echo => sub { $_[ARG0] },
    die => sub { die "cannot go on" },
    exit => sub { exit 3 },
    busy => sub { select undef, undef, undef, 2.5; $_[ARG0] },
    nothing => sub { return },
    undef => sub { return undef },
    smile => sub { "\x{263a} smile" },
});
POE::Kernel->run;
