#!/usr/bin/perl
# The worker that is to be moved: it joins a boss, and counts words for it.
# perl worker.pl PORT NAME
use strict;
use warnings;
use POE;
use POE::Component::IKC::Client;

my ( $port, $name ) = @ARGV;
die "usage: worker.pl PORT NAME\n" unless $name;

POE::Session->create(
    inline_states => {
        _start => sub {
            my ( $kernel, $session ) = @_[ KERNEL, SESSION ];
            $kernel->alias_set('worker');
            my $on_connect = $session->postback('connected');
            POE::Component::IKC::Client->spawn( ip => '127.0.0.1', port => $port, name => $name, on_connect => $on_connect );
            $kernel->post( IKC => publish => worker => ['run'] );
        },
        connected => sub { $_[KERNEL]->post( IKC => post => 'poe://Boss/boss/ready', $name ) },

        run => sub {
            my $job   = $_[ARG0];
            my @words = split ' ', $job->{text};
            return { id => $job->{id}, by => $name, words => scalar @words, upper => uc $job->{text} };
        },
    }
);
POE::Kernel->run;
