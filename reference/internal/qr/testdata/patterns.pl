# Random patterns that compile, a line for each: the pattern in hex, its modifiers, and what Perl made of it: whether it put
# a newline behind it, and whether p is among its modifiers. Arguments: a seed, and how many.
use strict; use warnings; no warnings; use re 'regexp_pattern';
my ($seed, $count) = @ARGV; srand $seed;
my @parts = ('a', 'b', '#', ' ', '[', '[^', ']', '[:alpha:]', '[#]', '[]#]', '(', ')', '(?x)', '(?x:', '(?^:', '(?^x:', '(?-x:', '(?p:',
    '(?^p:', '(?-p:', '(?i-x)', '(?#', '(?#a)', '(?=', '|', "\n", '\\', '\\#', '\\(');
my %seen;
while (keys %seen < $count) {
    my $pattern = join '', map $parts[rand @parts], 0 .. rand 9; my $modifiers = ('', 'x', 'i', 'xx', 'n')[rand 5];
    my $compiled = eval "qr{\$pattern}$modifiers" or next;
    next if $seen{"$pattern/$modifiers"}++;
    my ($is, $with) = regexp_pattern($compiled);
    printf "%s %s %d %d\n", unpack('H*', $pattern) || '-', $modifiers || '-', $is ne $pattern, $with =~ /p/;
}
