# A client of the prices, a ClientLite. perl buy.pl PORT
use strict;
use warnings;
use POE::Component::IKC::ClientLite;

my $port = shift;
my $ikc = POE::Component::IKC::ClientLite->spawn(ip => '127.0.0.1', port => $port, name => "Buyer$$", timeout => 10)
    or die POE::Component::IKC::ClientLite::error();
sub ask { my ($state, $param) = @_; my $got = $ikc->call("prices/$state", $param); defined $got ? $got : die $ikc->error, "\n" }

for my $item (@{ask('list', 1)}) {
    my $got = ask('get', $item);
    print "$got->{item}: $got->{text}\n";
}
print "plumbus: ", (ask('get', 'plumbus')->{known} ? 'known' : 'unknown'), "\n";
print "3 bolts and a washer: ", ask('total', {bolt => 3, washer => 1})->{cents}, " cents\n";
$ikc->disconnect;
