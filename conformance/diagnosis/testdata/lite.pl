use strict; use warnings;
use POE::Component::IKC::ClientLite;
# lite.pl PORT TIMEOUT SERIALIZER WORD..., - for the default: call:STATE:VALUE, post:STATE:VALUE, flood:OCTETS:TIMES,
# sleep:SECONDS. STATE is one of the session svc, or SESSION/STATE.
my ($port, $timeout, $serializer, @words) = @ARGV;
{ package My::Freezer; sub freeze { require Storable; Storable::nfreeze($_[0]) } sub thaw { Storable::thaw($_[0]) } $INC{'My/Freezer.pm'} = 1; }
my $c = POE::Component::IKC::ClientLite->spawn(ip => '127.0.0.1', port => $port, name => "Lite$$", timeout => $timeout,
    $serializer eq '-' ? () : (serialiser => $serializer))
    or die "no connection: ", POE::Component::IKC::ClientLite::error(), "\n";
local $SIG{__WARN__} = sub { };
local $SIG{ALRM} = sub { exit };
alarm 12;
for (@words) {
    my ($how, $state, $value) = split /:/;
    if ($how eq 'sleep') { select undef, undef, undef, $state; next }
    if ($how eq 'flood') { $c->post('svc/echo', 'x' x $state) for 1 .. $value; next }
    $state = "svc/$state" unless $state =~ m(/);
    if ($how eq 'post') { $c->post($state, $value); next }
    my $got = $c->call($state, $value);
    print "$_ -> ", defined $got ? $got : 'undef', "\n";
}
