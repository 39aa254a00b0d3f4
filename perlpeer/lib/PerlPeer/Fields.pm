package PerlPeer::Fields;

# Takes the fields of a command, and complains in the words of the protocol when one is wrong.

use strict;
use warnings;

use Exporter qw(import);
our @EXPORT_OK = qw(text optional_text list number value);

use PerlPeer::Error;
use PerlPeer::JSON;
use PerlPeer::Typed;

sub text {
    my ( $c, $name ) = @_;
    my $v = optional_text( $c, $name );
    defined $v or PerlPeer::Error->usage("field '$name' is missing");
    return $v;
}

sub optional_text {
    my ( $c, $name ) = @_;
    my $v = $c->{$name};
    return undef unless defined $v;
    !ref $v && length $v or PerlPeer::Error->usage("field '$name' is a string that is not empty");
    my $octets = "$v";
    utf8::encode($octets) if utf8::is_utf8($octets);    # names are octets on the wire
    return $octets;
}

# list returns a reference to a list of strings, empty if the field is absent.
sub list {
    my ( $c, $name ) = @_;
    my $v = $c->{$name};
    return [] unless defined $v;
    ref $v eq 'ARRAY' or PerlPeer::Error->usage("field '$name' is a list of strings");
    return [ map { text( { $name => $_ }, $name ) } @$v ];
}

sub number {
    my ( $c, $name, $default ) = @_;
    my $v = $c->{$name};
    return $default unless defined $v;
    !ref $v && $v =~ /\A\d+(?:\.\d+)?(?:[eE][-+]?\d+)?\z/ or PerlPeer::Error->usage("field '$name' is a number from 0");
    return $v;
}

# value returns the Perl value of a field, which must be there; undef is null.
sub value {
    my ( $c, $name ) = @_;
    exists $c->{$name} or PerlPeer::Error->usage("field '$name' is missing");
    return ${ PerlPeer::Typed::decode( $c->{$name} ) };
}

1;
