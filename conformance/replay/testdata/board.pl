# A server that gives work to whoever joins: posts, and calls.
# perl board.pl PORT [protocol NAME]
use strict;
use warnings;
use POE qw(Component::IKC::Server Component::IKC::Responder);

my ($port, %opt) = @ARGV;
my (%done, %long);

POE::Component::IKC::Responder->spawn;
POE::Session->create(inline_states => {
    _start => sub {
        $_[KERNEL]->alias_set('board');
        $_[KERNEL]->call(IKC => publish => 'board', [qw(join done ran score)]);
    },
    join => sub {
        # For a long day, [NAME, 'long'], there is also what fails, and a call of the worker.
        my ($name, $day) = ref $_[ARG0] ? @{$_[ARG0]} : $_[ARG0];
        $done{$name} = 0;
        $long{$name} = $day;
        $_[KERNEL]->post(IKC => post => "poe://$name/worker/job", {n => $_, text => "job $_"}) for 1 .. 3;
    },
    done => sub {
        my ($name, $n) = @{$_[ARG0]};
        return if ++$done{$name} < 3;
        $_[KERNEL]->post(IKC => call => "poe://$name/worker/hidden", $n, 'poe:/board/ran') if $long{$name};
        $_[KERNEL]->post(IKC => call => "poe://$name/worker/run", {text => 'two words'}, 'poe:/board/ran');
    },
    ran => sub { my $got = $_[ARG0]; $_[KERNEL]->post(IKC => post => "poe://$got->{by}/worker/bye", $got->{words}) },
    score => sub { return {of => $_[ARG0], jobs => [1 .. $done{$_[ARG0]}]} },
});
POE::Component::IKC::Server->spawn(ip => '127.0.0.1', port => $port, name => 'Board', %opt);
$| = 1;
print "listens\n";
$SIG{ALRM} = sub { exit };
alarm 120;
POE::Kernel->run;
