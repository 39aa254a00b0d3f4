package PerlPeer::Protocol;

# The driver's side of the line protocol: cuts what is read into lines, finds the handler of a command,
# writes answers and events. Knows neither POE nor IKC; driver.pl and lite.pl both use it.

use strict;
use warnings;

use Errno qw(EAGAIN EINTR);

use PerlPeer::Error;
use PerlPeer::JSON;

use constant MAX_LINE => 16 * 1024 * 1024;

# new( out => handle, commands => { name => sub { my ($fields, $answer) = @_ } } )
#
# A handler returns the fields of its answer, or undef when it will call $answer->ok({...}) or
# $answer->error($what) later, or throws.
sub new {
    my ( $class, %with ) = @_;
    return bless { out => $with{out}, commands => $with{commands}, buffer => '' }, $class;
}

# read_from reads what is there and carries out the commands in it. False at the end of input.
sub read_from {
    my ( $self, $in ) = @_;
    my $n = sysread $in, $self->{buffer}, 65536, length $self->{buffer};
    if ( !defined $n ) { return $! == EAGAIN || $! == EINTR }
    return 0 unless $n;

    # Only the new part can hold an LF, apart from the rest of what is handled in this loop.
    return 1 if index( $self->{buffer}, "\n", length( $self->{buffer} ) - $n ) < 0 && $self->_short_enough;
    my @lines = split /\n/, $self->{buffer}, -1;
    $self->{buffer} = pop @lines;
    $self->_short_enough;
    for my $line (@lines) { $self->handle($line) if $line =~ /\S/ }
    return 1;
}

sub _short_enough {
    my ($self) = @_;
    return 1 if length $self->{buffer} <= MAX_LINE;
    die "a command line of more than ${\ MAX_LINE} octets\n";
}

# handle carries out one line.
sub handle {
    my ( $self, $line ) = @_;
    my $id;
    my $answer;
    my $ok = eval {
        my $c = PerlPeer::JSON::decode($line);
        ref $c eq 'HASH' or PerlPeer::Error->usage('a command is a JSON object');
        $id = $c->{id};
        defined $id && !ref $id && $id =~ /\A-?\d+\z/ or do { undef $id; PerlPeer::Error->usage('id is an integer') };
        $answer = PerlPeer::Protocol::Answer->new( $self, $id );
        my $name = $c->{cmd};
        defined $name && !ref $name && length $name or PerlPeer::Error->usage('cmd is a string');
        my $handler = $self->{commands}{$name}
            or PerlPeer::Error->unsupported("no command '$name' in this driver");
        my $result = $handler->( $c, $answer, $line );
        $answer->ok($result) if $result;
        1;
    };
    return if $ok;
    $answer ||= PerlPeer::Protocol::Answer->new( $self, defined $id ? $id : 0 );
    $answer->error($@);
    return;
}

sub event {
    my ( $self, $name, %fields ) = @_;
    $self->put( { event => $name, %fields } );
    return;
}

sub put {
    my ( $self, $line ) = @_;
    $self->put_line( PerlPeer::JSON::encode($line) );
    return;
}

# put_line writes a line that is JSON already. It blocks when the harness does not read.
sub put_line {
    my ( $self, $line ) = @_;
    my $octets = $line . "\n";
    while ( length $octets ) {
        my $n = syswrite $self->{out}, $octets;
        if ( !defined $n ) {
            next   if $! == EINTR;
            exit 0 if $!{EPIPE};
            if ( $! == EAGAIN ) { select undef, undef, undef, 0.01; next }
            die "cannot write to the harness: $!\n";
        }
        substr( $octets, 0, $n, '' );
    }
    return;
}

package PerlPeer::Protocol::Answer;

# The one answer to one command. Whatever comes second is dropped: a timeout and the thing that was
# waited for may both come.

sub new {
    my ( $class, $protocol, $id ) = @_;
    return bless { protocol => $protocol, id => $id, done => 0 }, $class;
}

sub id   { return $_[0]{id} }
sub done { return $_[0]{done} }

sub ok {
    my ( $self, $fields ) = @_;
    return if $self->{done}++;
    $self->{protocol}->put( { id => 0 + $self->{id}, ok => $fields } );
    return;
}

sub error {
    my ( $self, $what ) = @_;
    return if $self->{done}++;
    my $e = PerlPeer::Error->from($what);
    $self->{protocol}->put( { id => 0 + $self->{id}, error => { code => $e->code, message => $e->message } } );
    return;
}

1;
