package PerlPeer::Error;

# What a command handler throws: an error code of the driver protocol and a message for people.

use strict;
use warnings;

use overload '""' => sub { $_[0]{message} }, fallback => 1;

sub new {
    my ( $class, $code, $message ) = @_;
    $message =~ s/\s+\z//;
    return bless { code => $code, message => $message }, $class;
}

sub code    { return $_[0]{code} }
sub message { return $_[0]{message} }

sub usage       { my ( $class, $message ) = @_; die $class->new( usage       => $message ) }
sub failed      { my ( $class, $message ) = @_; die $class->new( failed      => $message ) }
sub timeout     { my ( $class, $message ) = @_; die $class->new( timeout     => $message ) }
sub unsupported { my ( $class, $message ) = @_; die $class->new( unsupported => $message ) }

# from turns whatever eval caught into an error of this class.
sub from {
    my ( $class, $caught ) = @_;
    return $caught if ref $caught && eval { $caught->isa(__PACKAGE__) };
    return $class->new( failed => "$caught" );
}

1;
