#!/bin/bash
# record.sh DIR: records the captures of this directory, as root, in a network of its own: there a
# bare connect ends nobody's server, and packets can be dropped. It takes a minute.
if [ -z "${ALONE:-}" ]; then ALONE=1 exec unshare -n "$0" "$@"; fi
set -u
cd "$(dirname "$0")"
out=$1 port=24800
ip link set lo up
sysctl -qw net.ipv4.tcp_rmem="4096 8192 8192" net.ipv4.tcp_wmem="4096 8192 8192" # a window closes soon

begin() { # begin NAME: a server, if there is to be one, and a recording
    name=$1 server=
    port=$((port + 1))
    if [ "${2:-}" != none ]; then perl server.pl $port 14 2>/dev/null & server=$!; sleep 1; fi
    dumpcap -q -i lo -f "tcp port $port" -w "$out/$name.pcapng" 2>/dev/null & dumpcap=$!
    sleep 0.7
}
end() {
    sleep 0.7
    kill -INT $dumpcap; wait $dumpcap
    if [ -n "$server" ]; then kill -CONT $server; kill $server; wait $server; fi 2>/dev/null
    iptables -F
}
lite() { timeout 14 perl lite.pl $port "$@" 2>&1; }
raw() { perl -MIO::Socket::INET -e '
    my ($port, $wait, $text) = @ARGV;
    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port) or die;
    syswrite $s, eval "qq{$text}" if length $text;
    select undef, undef, undef, $wait' $port "$@"; }

begin refused none; lite 2 - call:echo:x; end
begin probed; raw 0.05 ''; sleep 1; lite 2 - call:echo:x; sleep 0.5; lite 2 - call:echo:y; end
begin half; raw 0.3 'HELLO\r\n'; sleep 1; lite 2 - call:echo:x; end
begin dropped; iptables -A INPUT -p tcp --dport $port -j DROP; lite 4 - call:echo:x; end
begin freezer; lite 2 My::Freezer call:echo:x; end
begin dies; lite 2 - call:echo:x call:die:y; sleep 1; lite 2 - call:echo:z; end
begin dies-posted; (lite 2 - sleep:0.3 call:echo:z) & first=$!; lite 2 - post:die:x call:echo:y; wait $first; end
begin exits; lite 2 - call:exit:x; sleep 0.5; end
begin killed; (lite 3 - call:echo:w call:busy:x) & first=$!; sleep 0.9; kill -KILL $server; wait $first; end
begin busy; (lite 5 - call:busy:x) & first=$!; sleep 0.5; lite 1 - call:echo:y; wait $first; end
begin undef; lite 1 - call:echo:x call:nothing:y call:echo:z; end
begin undef-undef; lite 1 - call:undef:x call:echo:y; end
begin undef-last; lite 1 - call:echo:x call:nothing:y; end
begin gives-up; lite 1 - call:echo:x call:busy:y; sleep 2; end
begin gives-up-stopped; (lite 1 - sleep:1 call:echo:y) & first=$!; sleep 0.8; kill -STOP $server; wait $first; kill -CONT $server; sleep 0.5; end
begin unpublished; lite 2 - call:missing:x call:echo:y; end
begin unpublished-session; lite 2 - call:nosuch/echo:x call:echo:y; end
begin unpublished-posted; lite 2 - post:missing:x post:nosuch/echo:y call:echo:z; end
begin stopped; (lite 3 - sleep:1 flood:2000:20 ) & first=$!; sleep 0.8; kill -STOP $server; sleep 5; wait $first; end
begin gone; (lite 8 - call:echo:x sleep:1 call:echo:y) & first=$!; sleep 0.9; iptables -A INPUT -p tcp --dport $port -j DROP; sleep 5; wait $first; end
begin wide; lite 2 FreezeThaw call:echo:x call:smile:y; end
begin tls; (sleep 1; echo) | timeout 2 openssl s_client -connect 127.0.0.1:$port >/dev/null 2>&1; end
