# A worker of the board: it subscribes, joins, and works.
# perl join.pl PORT [name NAME] [day long] [serializers NAME] [protocol NAME]
use strict;
use warnings;
use POE qw(Component::IKC::Client);

my ($port, %opt) = @ARGV;
my $name = delete $opt{name} || 'Worker';
my $day = delete $opt{day};
POE::Session->create(inline_states => {
    _start => sub {
        my ($kernel, $session) = @_[KERNEL, SESSION];
        $kernel->alias_set('worker');
        POE::Component::IKC::Client->spawn(ip => '127.0.0.1', port => $port, name => $name,
            on_connect => $session->postback('connected'), %opt);
        $kernel->post(IKC => publish => 'worker', [qw(job run bye scored)]);
    },
    connected => sub {
        $_[KERNEL]->post(IKC => subscribe => ['poe://Board/board'], 'subscribed');
    },
    subscribed => sub { $_[KERNEL]->post('poe://Board/board' => join => $day ? [$name, $day] : $name) },
    job => sub { $_[KERNEL]->post(IKC => post => 'poe://Board/board/done', [$name, $_[ARG0]{n}]) },
    run => sub { my @words = split ' ', $_[ARG0]{text}; return {by => $name, words => scalar @words} },
    bye => sub {
        leave() if !$day;
        $_[KERNEL]->post(IKC => post => 'poe://Board/board/secret', 1);
        $_[KERNEL]->post(IKC => call => 'poe://Board/board/score', $name, 'poe:/worker/scored');
    },
    scored => \&leave,
});

sub leave { print "joined\n"; exit }

$SIG{ALRM} = sub { exit 1 };
alarm 20;
POE::Kernel->run;
