# rec.sh OUT SERVERSECONDS -- client command with PORT
set -u; export PERL5LIB=/opt/ikc/0.2402
out=$1 secs=$2 port=$3; shift 3
real=$((port+1))
perl /tmp/pair/server.pl $real $secs >/tmp/pair/server.log 2>&1 & s=$!
sleep 1
timeout $((secs+3)) /tmp/pairing-ikc record --listen 127.0.0.1:$port --to 127.0.0.1:$real --force -o $out >/tmp/pair/rec.log 2>&1 & r=$!
sleep 0.4
timeout $secs "$@"
sleep 0.3
kill -INT $r; wait $r; kill $s 2>/dev/null; wait $s 2>/dev/null
