# Loaded before a test of the original. What it spawns in a process that it has forked for that, a POE client or a
# ClientLite, becomes the program that IKC_CHILD names, with the port and the name that it was given.
package GoChild;
use strict;
use warnings;
use POE::Component::IKC::Client;
use POE::Component::IKC::ClientLite;

no warnings 'redefine';
for my $class (qw(Client ClientLite)) {
    no strict 'refs';
    *{"POE::Component::IKC::${class}::spawn"} = sub {
        my (undef, %given) = @_;
        exec $ENV{IKC_CHILD}, $given{port}, $given{name} or die "$ENV{IKC_CHILD}: $!";
    };
}
1;
