#!/bin/bash
# record.sh OUT PORT COMMAND...: records server.pl at PORT + 1 by a relay at PORT, to which the
# command connects. As in: record.sh shared-left.pcapng 24410 perl client.pl 24410 'call:slow:v1@0 call:nothing:x@0'
set -u
out=$1 port=$2
shift 2
here=$(dirname "$0")
perl "$here/server.pl" $((port + 1)) 8 & server=$!
sleep 1
ikc-conform record --listen "127.0.0.1:$port" --to "127.0.0.1:$((port + 1))" --force -o "$out" & relay=$!
sleep 1
timeout 7 "$@"
sleep 0.5
kill -INT $relay
wait $relay
kill $server 2>/dev/null
