package PerlPeer::Lite;

# ClientLite blocks while it waits for an answer, so it lives in a process of its own, lite.pl, which
# speaks the same line protocol: the commands are handed on as they came, and so are the answers. A command
# is handed on when the one before it has been answered: the child reads then, and neither waits for the other.

use strict;
use warnings;

use POE::Kernel;
use POE::Session;
use POSIX ();

use PerlPeer::Error;

sub new {
    my ( $class, %with ) = @_;
    return bless { protocol => $with{protocol}, program => $with{program}, queue => [], buffer => '' }, $class;
}

# forward hands a command to the child, which is started when it is first needed. To be called from the
# session that has the states lite_output and lite_gone.
sub forward {
    my ( $self, undef, $answer, $line ) = @_;
    $self->_start unless $self->{pid};
    push @{ $self->{queue} }, [ $answer, $line ];
    $self->_next if @{ $self->{queue} } == 1;
    return;
}

# next writes the first command of the queue, which stays there until it has been answered.
sub _next {
    my ($self) = @_;
    my $first = $self->{queue}[0] or return;
    my $octets = $first->[1] . "\n";
    while ( length $octets ) {
        my $n = syswrite $self->{to}, $octets;
        next if !defined $n && $!{EINTR};
        return unless defined $n;    # the child is gone; gone() will be told, and will answer
        substr( $octets, 0, $n, '' );
    }
    return;
}

sub _start {
    my ($self) = @_;
    pipe my $child_in, my $to          or PerlPeer::Error->failed("pipe: $!");
    pipe my $from,     my $child_out   or PerlPeer::Error->failed("pipe: $!");
    my $pid = fork;
    defined $pid or PerlPeer::Error->failed("fork: $!");
    if ( !$pid ) {
        open STDIN,  '<&', $child_in  or POSIX::_exit(127);
        open STDOUT, '>&', $child_out or POSIX::_exit(127);
        my @perl = split /\n/, $ENV{PERLPEER_PERL} || $^X; # how this Perl was started
        exec { $perl[0] } @perl, $self->{program} or POSIX::_exit(127);
    }
    @$self{qw(pid to from buffer)} = ( $pid, $to, $from, '' );
    $poe_kernel->sig_child( $pid, 'lite_gone' );
    $poe_kernel->select_read( $from, 'lite_output' );
    return;
}

# output hands on what the child wrote.
sub output {
    my ($self) = @_;
    my $n = sysread $self->{from}, $self->{buffer}, 65536, length $self->{buffer};
    return if !defined $n && $!{EINTR};
    if ( !$n ) { $poe_kernel->select_read( $self->{from} ); return }
    while ( $self->{buffer} =~ s/\A([^\n]*)\n// ) {
        $self->{protocol}->put_line($1);
        shift @{ $self->{queue} };
        $self->_next;
    }
    return;
}

sub gone {
    my ( $self, $status ) = @_;
    $self->output;
    $poe_kernel->select_read( $self->{from} );
    my $queue = $self->{queue};
    @$self{qw(pid to from queue)} = ( undef, undef, undef, [] );
    $_->[0]->error( PerlPeer::Error->new( failed => "lite.pl ended with status $status" ) ) for @$queue;
    return;
}

sub stop {
    my ($self) = @_;
    kill TERM => $self->{pid} if $self->{pid};
    return;
}

1;
