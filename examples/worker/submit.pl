#!/usr/bin/perl
# The client of the example: it submits a job for each text, and prints what comes back.
# perl submit.pl PORT TEXT...
use strict;
use warnings;
use Encode qw(decode_utf8);
use POE::Component::IKC::ClientLite;

binmode STDOUT, ':encoding(UTF-8)';
my ( $port, @texts ) = map { decode_utf8($_) } @ARGV;
my $boss = POE::Component::IKC::ClientLite->spawn( ip => '127.0.0.1', port => $port, name => "Submit$$", timeout => 10 )
    or die POE::Component::IKC::ClientLite::error(), "\n";
for my $text (@texts) {
    my $result = $boss->post_respond( 'boss/submit', { text => $text } );
    die $boss->error, "\n" unless ref $result;
    die "$result->{error}\n" if $result->{error};
    print "$result->{by}: $result->{words} words, $result->{upper}\n";
}
