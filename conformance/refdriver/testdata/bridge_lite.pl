# Calls poe://Bridge/bridge/pass with data of many sizes and kinds, and compares what comes back octet by octet:
# bridge_lite.pl HOST PORT prints the number of octets of each that came back as it went, or dies.
use strict;
use warnings;
use utf8;
use POE::Component::IKC::ClientLite;
use Storable qw(nfreeze);

$Storable::canonical = 1;
my ( $host, $port ) = @ARGV;
my $lite = POE::Component::IKC::ClientLite->spawn( ip => $host, port => $port, name => "Lite$$", timeout => 60 )
    or die POE::Component::IKC::ClientLite::error();

my $shared = ["shared"];
my $object = bless { list => [ 1 .. 300 ] }, 'Some::Class';
my $circle = { list => [ 1 .. 300 ] };
$circle->{self} = $circle;
my %data = (
    records => [ map { { id => $_, name => "record $_", price => $_ / 3, tags => [ 'red', "gr\x{fc}n", "\x{263a}" ], none => undef } } 1 .. 100 ],
    long    => [ map { { id => $_, text => 'x' x ( $_ * 7 ) } } 1 .. 300 ],
    numbers => [ map { ( $_, -$_, $_ * 1_000_003, "$_", $_ * 1.5e300 ) } 1 .. 100 ],
    empty   => [ map { ( {}, [], '', undef, 0 ) } 1 .. 100 ],
    deep    => [ 'x' x 600, map { my $d = "bottom"; $d = [$d] for 1 .. $_; $d } 1 .. 100 ],
    wide    => { map { ( "key $_" => { n => $_ } ) } 1 .. 500 },
    scalars => [ map { \"scalar $_" } 1 .. 100 ],
    shared  => [ map { $shared } 1 .. 100 ],
    objects => [ map { $object } 1 .. 3 ],
    circle  => $circle,
    keys    => { map { ( "\x{263a} $_" => $_ ) } 1 .. 100 },
);
for my $name ( sort keys %data ) {
    my $went = nfreeze [ $data{$name} ];
    my $came = $lite->call( 'bridge/pass', $data{$name} );
    defined $came or die "$name: ", $lite->error;
    $came = nfreeze [$came];
    $came eq $went or die "$name came back as\n", unpack( 'H*', $came ), "\nand went as\n", unpack( 'H*', $went ), "\n";
    printf "%s %d\n", $name, length $went;
}
