# A worker of the board: it subscribes, joins, and works. perl join.pl PORT
use strict;
use warnings;
use POE qw(Component::IKC::Client);

my $port = shift;
POE::Session->create(inline_states => {
    _start => sub {
        my ($kernel, $session) = @_[KERNEL, SESSION];
        $kernel->alias_set('worker');
        POE::Component::IKC::Client->spawn(ip => '127.0.0.1', port => $port, name => 'Worker',
            on_connect => $session->postback('connected'));
        $kernel->post(IKC => publish => 'worker', [qw(job run bye)]);
    },
    connected => sub {
        $_[KERNEL]->post(IKC => subscribe => ['poe://Board/board'], 'subscribed');
    },
    subscribed => sub { $_[KERNEL]->post('poe://Board/board' => join => 'Worker') },
    job => sub { $_[KERNEL]->post(IKC => post => 'poe://Board/board/done', ['Worker', $_[ARG0]{n}]) },
    run => sub { my @words = split ' ', $_[ARG0]{text}; return {by => 'Worker', words => scalar @words} },
    bye => sub { print "joined\n"; exit },
});
$SIG{ALRM} = sub { exit 1 };
alarm 20;
POE::Kernel->run;
