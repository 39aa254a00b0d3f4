# A ClientLite of the preforking server among the original's examples. perl prefork_lite.pl PORT WORD
use strict;
use warnings;
use POE::Component::IKC::ClientLite;

my ($port, $word) = @ARGV;
my $ikc = POE::Component::IKC::ClientLite->spawn(ip => '127.0.0.1', port => $port, name => "Lite$$", timeout => 20)
    or die POE::Component::IKC::ClientLite::error();
my $got = $ikc->post_respond('Service/event', {Hi => $word});
print $got ? "$got->{hello}\n" : "nothing\n";
