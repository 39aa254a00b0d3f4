use strict; use warnings;
use POE qw(Kernel); use POE::Component::IKC::Client;
my ($port, $plan, $name) = @ARGV; $name ||= 'Worker';      # plan: "call:echo:x@0 call:nothing:y@0.1 post:pr:z@0.2 ..."
my @plan = map { my ($w, $at) = split /@/; [split(/:/, $w), $at] } split ' ', $plan;
my $last = 0; $_->[-1] > $last and $last = $_->[-1] for @plan;
POE::Component::IKC::Client->spawn(ip => '127.0.0.1', port => $port, name => $name,
  on_connect => sub {
    POE::Session->create(inline_states => {
      _start => sub {
        my $k = $_[KERNEL]; $k->alias_set('worker');
        $k->call(IKC => publish => worker => [qw(answer done reply)]);
        for my $p (@plan) { my $at = $p->[-1]; $at ? $k->delay_set(go => $at, @$p) : $k->yield(go => @$p) }
        $k->delay(stop => $last + 1.6);
      },
      go => sub { my ($k, $how, $state, $value, $rsvp) = @_[KERNEL, ARG0 .. ARG3];
        $rsvp = 'answer' if !defined $rsvp or $rsvp =~ /^[\d.]+$/;
        if ($how eq 'call') { $k->post(IKC => call => "poe://Prod/svc/$state", $value, "poe:/worker/$rsvp") }
        elsif ($how eq 'request') { $k->post(IKC => post => "poe://Prod/svc/$state", [$value, 'poe://' . $k->ID . '/worker/' . ($rsvp eq 'answer' ? 'reply' : $rsvp)]) }
        elsif ($how eq 'else') { $rsvp =~ s/[+]/:/; $k->post(IKC => call => "poe://Prod/svc/$state", $value, $rsvp) }
        elsif ($how eq 'data') { $k->post(IKC => post => "poe://Prod/svc/$state", [$value, 'poe://Prod/svc/echo']) }
        else { $k->post(IKC => post => "poe://Prod/svc/$state", $value) } },
      answer => sub { print "answer: $_[ARG0]\n" }, other => sub { print "other: $_[ARG0]\n" },
      done => sub { print "done: $_[ARG0]\n" }, reply => sub { print "reply: $_[ARG0]\n" },
      stop => sub { $_[KERNEL]->post(IKC => 'shutdown'); POE::Kernel->stop },
    }) });
POE::Kernel->run;
