# A server that answers: a stock of things. perl stock.pl PORT
use strict;
use warnings;
use POE qw(Component::IKC::Server Component::IKC::Responder);

my $port = shift;
my %stock = (bolt => 17, nut => 4);
my $asked = 0;

POE::Component::IKC::Responder->spawn;
POE::Session->create(inline_states => {
    _start => sub {
        $_[KERNEL]->alias_set('stock');
        $_[KERNEL]->call(IKC => publish => 'stock', [qw(get list status lookup)]);
    },
    get => sub { my $name = $_[ARG0]; return {name => $name, count => $stock{$name}, tags => ['a', 'b']} },
    list => sub { return [map {{name => $_, count => $stock{$_}}} sort keys %stock] },
    status => sub { return {time => time, asked => ++$asked, up => 'yes'} },
    lookup => sub { my ($name, $to) = @{$_[ARG0]}; $_[KERNEL]->post(IKC => post => $to, [$name, $stock{$name}]) },
});
POE::Component::IKC::Server->spawn(ip => '127.0.0.1', port => $port, name => 'Stock');
$| = 1;
print "listens\n";
$SIG{ALRM} = sub { exit };
alarm 120;
POE::Kernel->run;
