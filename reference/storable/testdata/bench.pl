# Times Perl's Storable for the comparison in bench_test.go. A request is "<thaw or nfreeze> <count> <octets>\n" and an
# image; the answer is the nanoseconds that so many operations took.
use strict; use warnings; use Storable qw(thaw nfreeze); use Time::HiRes 'time';
binmode STDIN; $| = 1;
while (defined(my $line = <STDIN>)) {
    my ($op, $n, $octets) = split ' ', $line; read(STDIN, my $image, $octets) == $octets or die;
    my $v = thaw $image; my $start = time;
    if ($op eq 'thaw') { for (1 .. $n) { my $x = thaw $image } } else { for (1 .. $n) { my $x = nfreeze $v } }
    printf "%.0f\n", 1e9 * (time() - $start);
}
