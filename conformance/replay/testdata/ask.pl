# Asks the stock, as a ClientLite. perl ask.pl PORT
use strict;
use warnings;
use POE::Component::IKC::ClientLite;

my ($port, $times) = @ARGV;
my $ikc = POE::Component::IKC::ClientLite->spawn(ip => '127.0.0.1', port => $port, name => 'Asker') or die POE::Component::IKC::ClientLite::error();
for (1 .. $times || 3) {
    $ikc->call('stock/get' => 'bolt');
    $ikc->call('stock/list');
    $ikc->call('stock/status' => 1);
    $ikc->post_respond('stock/lookup' => 'nut');
}
$ikc->call('stock/hidden' => 1);
print "asked\n";
