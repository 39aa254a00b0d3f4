use strict; use warnings;
use POE::Component::IKC::ClientLite;
# lite.pl PORT NAME WORD...: call:STATE:VALUE, respond:STATE:VALUE, post:STATE:VALUE, responded:STATE, sleep:SECONDS
my ($port, $name, @words) = @ARGV;
my $c = POE::Component::IKC::ClientLite->spawn(ip => '127.0.0.1', port => $port, name => $name, timeout => 1) or die POE::Component::IKC::ClientLite::error();
local $SIG{__WARN__} = sub { };
for (@words) {
    my ($how, $state, $value) = split /:/;
    my $got = $how eq 'call' ? $c->call("svc/$state", $value)
            : $how eq 'respond' ? $c->post_respond("svc/$state", $value)
            : $how eq 'responded' ? $c->responded($state)
            : $how eq 'sleep' ? select(undef, undef, undef, $state)
            : $c->post("svc/$state", $value);
    $got = $got->[0] if ref $got;
    print "$_ -> ", defined $got ? $got : 'undef', "\n";
}
