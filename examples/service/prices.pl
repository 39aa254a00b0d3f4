# A server of prices, to be replaced by main.go. perl prices.pl PORT
use strict;
use warnings;
use POE qw(Component::IKC::Server Component::IKC::Responder);

my $port = shift;
my %cents = (bolt => 12, nut => 5, washer => 250);

POE::Component::IKC::Responder->spawn;
POE::Session->create(inline_states => {
    _start => sub {
        $_[KERNEL]->alias_set('prices');
        $_[KERNEL]->call(IKC => publish => 'prices', [qw(list get total)]);
    },
    list => sub { return [sort keys %cents] },
    get => sub {
        my $item = $_[ARG0];
        return {item => $item, known => 0} unless $cents{$item};
        return {item => $item, known => 1, cents => $cents{$item}, text => sprintf '%.2f EUR', $cents{$item} / 100};
    },
    total => sub {
        my $order = $_[ARG0];
        my $sum = 0;
        $sum += $order->{$_} * ($cents{$_} || 0) for keys %$order;
        return {cents => $sum, at => time};
    },
});
POE::Component::IKC::Server->spawn(ip => '127.0.0.1', port => $port, name => 'Prices');
$| = 1;
print "prices listen on $port\n";
$SIG{ALRM} = sub { exit };
alarm 600;
POE::Kernel->run;
