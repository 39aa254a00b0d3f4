# Calls poe://Bench/bench/echo with 100 octets: bench_lite.pl HOST PORT N prints the seconds that N calls took.
use strict;
use warnings;
use POE::Component::IKC::ClientLite;
use Time::HiRes qw(time);

my ( $host, $port, $n ) = @ARGV;
my $lite = POE::Component::IKC::ClientLite->spawn( ip => $host, port => $port, name => "Bench$$" )
    or die POE::Component::IKC::ClientLite::error();
my $params = 'x' x 100;
my $began  = time;
for ( 1 .. $n ) {
    defined $lite->call( 'bench/echo', $params ) or die $lite->error;
}
printf "%.6f\n", time - $began;
