#!/usr/bin/perl
# The server of the example: workers connect and say that they are ready, clients submit jobs and get the results.
# perl boss.pl PORT
use strict;
use warnings;
use POE;
use POE::Component::IKC::Server;

my $port = shift or die "usage: boss.pl PORT\n";
$| = 1;
POE::Component::IKC::Server->spawn( ip => '127.0.0.1', port => $port, name => 'Boss' );

POE::Session->create(
    inline_states => {
        _start => sub {
            my ( $kernel, $heap ) = @_[ KERNEL, HEAP ];
            $kernel->alias_set('boss');
            $kernel->post( IKC => publish => boss => [qw(ready submit)] );
            $kernel->post( IKC => monitor => '*' => { unregister => 'gone' } );
            $heap->{workers} = [];
            $kernel->yield('hello');
        },
        hello => sub { print "boss listens on 127.0.0.1:$port\n" },

        # A worker posts the name of its kernel.
        ready => sub {
            my ( $heap, $name ) = @_[ HEAP, ARG0 ];
            push @{ $heap->{workers} }, $name;
            print "$name is ready\n";
        },
        gone => sub {
            my ( $heap, $name, $is_id ) = @_[ HEAP, ARG1, ARG2 ];
            return unless grep { $_ eq $name } @{ $heap->{workers} };
            $heap->{workers} = [ grep { $_ ne $name } @{ $heap->{workers} } ];
            print "$name is gone\n";
        },

        # post_respond of a ClientLite: a job, and where its result is to be posted.
        submit => sub {
            my ( $kernel, $heap ) = @_[ KERNEL, HEAP ];
            my ( $job, $rsvp ) = @{ $_[ARG0] };
            my $worker = shift @{ $heap->{workers} };
            return $kernel->post( IKC => post => $rsvp, { error => 'no worker is there' } ) unless $worker;
            push @{ $heap->{workers} }, $worker;    # the next job is for the next one
            $job->{id} = ++$heap->{last};
            $heap->{waits}{ $job->{id} } = $rsvp;
            $kernel->post( IKC => call => "poe://$worker/worker/run", $job, 'poe:/boss/done' );
        },
        done => sub {
            my ( $kernel, $heap, $result ) = @_[ KERNEL, HEAP, ARG0 ];
            my $rsvp = delete $heap->{waits}{ $result->{id} } or return;
            $kernel->post( IKC => post => $rsvp, $result );
        },
    }
);
POE::Kernel->run;
