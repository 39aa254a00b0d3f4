#!/usr/bin/perl
# The server of the example: it has the worker that is ready do one job after the other, and prints each job that it
# sent and each that is done. On SIGTERM it sends no more, waits for what is out, and ends.
# perl boss.pl PORT LIFE
use strict;
use warnings;
use POE;
use POE::Component::IKC::Server;

my ( $port, $life ) = @ARGV;
die "usage: boss.pl PORT LIFE\n" unless $life;
$| = 1;
POE::Component::IKC::Server->spawn( ip => '127.0.0.1', port => $port, name => 'Boss' );

POE::Session->create(
    inline_states => {
        _start => sub {
            my ( $kernel, $heap ) = @_[ KERNEL, HEAP ];
            $kernel->alias_set('boss');
            $kernel->sig( TERM => 'enough' );
            $kernel->post( IKC => publish => boss => ['ready'] );
            $heap->{out} = {};
        },

        # A worker posts the name of its kernel.
        ready => sub {
            my ( $kernel, $heap, $name ) = @_[ KERNEL, HEAP, ARG0 ];
            $heap->{worker} = $name;
            $kernel->yield('job');
        },
        job => sub {
            my ( $kernel, $heap ) = @_[ KERNEL, HEAP ];
            return if $heap->{enough};
            my $id = "$life-" . ++$heap->{jobs};
            $heap->{out}{$id} = 1;
            print "sent $id\n";
            my %job = ( id => $id, late => $heap->{jobs} % 2 );
            $kernel->post( IKC => call => "poe://$heap->{worker}/work/run", \%job, 'poe:/boss/done' );
            $kernel->delay( job => 0.005 );
        },
        done => sub {
            my ( $kernel, $heap, $result ) = @_[ KERNEL, HEAP, ARG0 ];
            delete $heap->{out}{ $result->{id} };
            print "done $result->{id}\n";
            $kernel->yield('end') if $heap->{enough};
        },
        enough => sub {
            my ( $kernel, $heap ) = @_[ KERNEL, HEAP ];
            $heap->{enough} = 1;
            $kernel->sig_handled;
            $kernel->yield('end');
        },
        end => sub { POE::Kernel->stop unless %{ $_[HEAP]{out} } },
    }
);
POE::Kernel->run;
