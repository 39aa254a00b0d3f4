package PerlPeer::Release;

# What the installed release of POE::Component::IKC is and can do. The releases differ in what they
# have; a driver says `unsupported` for the rest.

use strict;
use warnings;

# Modules are named in strings here: a bareword makes the package's symbol table, and ClientLite takes a
# serializer whose symbol table is there for one that is loaded.

# 0.1801 has no POE::Component::IKC; the version of the other modules may lag behind the release.
sub name {
    my $release = eval { require POE::Component::IKC; POE::Component::IKC->VERSION };
    return "$release" if defined $release;
    require POE::Component::IKC::Responder;
    return '' . POE::Component::IKC::Responder->VERSION;
}

# protocols: the module that writes SETUP lines came with IKC0.
sub protocols {
    return ( 'IKC', eval { require POE::Component::IKC::Protocol; 1 } ? 'IKC0' : () );
}

sub has_protocol {
    my ($wanted) = @_;
    return scalar grep { $_ eq $wanted } protocols();
}

# monitors: errors of channels and of remote kernels have been told to monitors since 0.2400.
sub monitors {
    my @events = qw(register unregister subscribe unsubscribe shutdown);
    push @events, qw(channel error) if POE::Component::IKC::Responder->can('channel_error');
    return @events;
}

# picks_port: up to 0.2101 port 0 means the default port.
sub picks_port { return name() >= 0.2102 }

# unregisters: a channel that is closed on this side tells the responder, but not in 0.2101 (Channel,
# _channel_unregister), which goes on sending to it.
sub unregisters { return name() != 0.2101 }

# takes_callback: a subscription may name a sub since 0.19. 0.1801 takes the name of a state only; from 0.1904
# to 0.2305 such a name ends the process.
sub takes_callback { return name() >= 0.19 }

# lite_reads: FreezeThaw's thaw returns a list, which up to 0.1904 a ClientLite called in scalar context.
sub lite_reads { my ($serializer) = @_; return $serializer ne 'FreezeThaw' || name() >= 0.2 }

# takes_argument: the argument in a specifier stood after a # before it stood after a ?.
sub takes_argument {
    require POE::Component::IKC::Specifier;
    return defined POE::Component::IKC::Specifier::specifier_parse('poe://kernel/session/state?argument');
}

sub serializers {
    return grep { ( my $file = "$_.pm" ) =~ s{::}{/}g; eval { require $file; 1 } }
        qw(Storable FreezeThaw POE::Component::IKC::Freezer);
}

sub versions {
    require "$_.pm" for qw(POE Storable);
    return { perl => sprintf( '%vd', $^V ), map { ( $_ => '' . $_->VERSION ) } qw(POE Storable) };
}

1;
