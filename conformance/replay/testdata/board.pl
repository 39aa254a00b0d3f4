# A server that gives work to whoever joins: posts, and a call. perl board.pl PORT
use strict;
use warnings;
use POE qw(Component::IKC::Server Component::IKC::Responder);

my $port = shift;
my %done;

POE::Component::IKC::Responder->spawn;
POE::Session->create(inline_states => {
    _start => sub {
        $_[KERNEL]->alias_set('board');
        $_[KERNEL]->call(IKC => publish => 'board', [qw(join done ran)]);
    },
    join => sub {
        my $name = $_[ARG0];
        $done{$name} = 0;
        $_[KERNEL]->post(IKC => post => "poe://$name/worker/job", {n => $_, text => "job $_"}) for 1 .. 3;
    },
    done => sub {
        my ($name, $n) = @{$_[ARG0]};
        return if ++$done{$name} < 3;
        $_[KERNEL]->post(IKC => call => "poe://$name/worker/run", {text => 'two words'}, 'poe:/board/ran');
    },
    ran => sub { my $got = $_[ARG0]; $_[KERNEL]->post(IKC => post => "poe://$got->{by}/worker/bye", $got->{words}) },
});
POE::Component::IKC::Server->spawn(ip => '127.0.0.1', port => $port, name => 'Board');
$| = 1;
print "listens\n";
$SIG{ALRM} = sub { exit };
alarm 120;
POE::Kernel->run;
