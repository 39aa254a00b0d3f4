use strict; use warnings;
use POE qw(Kernel); use POE::Component::IKC::Server; use POE::Component::IKC::Specifier;
my ($port, $seconds) = @ARGV;
POE::Component::IKC::Server->spawn(ip => '127.0.0.1', port => $port, name => 'Prod');
POE::Session->create(inline_states => {
    _start => sub {
        $_[KERNEL]->alias_set('svc');
        $_[KERNEL]->call(IKC => publish => svc => [qw(echo slow nothing later list pr prlate silent tosender done)]);
        $_[KERNEL]->delay(stop => $seconds);
    },
    stop => sub { POE::Kernel->stop },
    echo => sub { $_[ARG0] },
    slow => sub { select undef, undef, undef, 0.05; $_[ARG0] },
    nothing => sub { return },
    list => sub { () },
    later => sub { return },
    pr => sub { my ($k, $a) = @_[KERNEL, ARG0]; $k->post(IKC => post => $a->[1], "got $a->[0]"); return },
    prlate => sub { $_[KERNEL]->delay_set(prsend => 0.15, $_[ARG0]); return },
    prsend => sub { my ($k, $a) = @_[KERNEL, ARG0]; $k->post(IKC => post => $a->[1], "late $a->[0]"); return },
    silent => sub { return },
    tosender => sub { $_[KERNEL]->post($_[SENDER] => done => "seen $_[ARG0]"); return },
    done => sub { return },
});
POE::Kernel->run;
