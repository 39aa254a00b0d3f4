# The server of the benchmarks: a session "bench" that does little, in the real POE::Component::IKC.
use strict;
use warnings;
use POE qw(Kernel Session);
use POE::Component::IKC::Server;
use POE::Component::IKC::Responder;

$| = 1;
my $count = 0;
POE::Component::IKC::Responder->spawn;
POE::Session->create(
    inline_states => {
        _start => sub {
            $_[KERNEL]->alias_set('bench');
            $_[KERNEL]->call( IKC => publish => 'bench', [qw(echo sink total)] );
        },
        echo  => sub { return $_[ARG0] },
        sink  => sub { $count++; return },
        total => sub { return $count },
    },
);
my $port = POE::Component::IKC::Server->spawn( ip => '127.0.0.1', port => 0, name => 'Bench' );
print "$port\n";
POE::Session->create(
    inline_states => {
        _start => sub { $_[KERNEL]->select_read( \*STDIN, 'gone' ) },
        gone   => sub { exit 0 },
    },
);
POE::Kernel->run;
