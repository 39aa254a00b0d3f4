# The Perl side of the differential tests of packages freezethaw and dumper: makes random structures and freezes them as
# Storable and as text, and thaws texts and freezes what came out with Storable.
#
# A request is "<FreezeThaw or POE::Component::IKC::Freezer> <seed> <size> <octets of text>\n" and the text. The answer is
# the octets of each of five strings, and the strings: "1" if the text can be compared octet by octet, the Storable image of
# the structure, its text, the image of what that text thaws to, and the image of what the text of the
# request thaws to. A string that could not be made starts with "error: ".
use strict; use warnings; no warnings qw(once recursion);
use Storable qw(nfreeze); use FreezeThaw; use Data::Dumper; use Scalar::Util qw(reftype);
{ package Ov; use overload '""' => sub { 'ov' }, 'bool' => sub { 1 }; }

my ($kind, $room, @refs, $exact, @slots, $n);
sub string { my $n = int rand 12; my $r = int rand 6;
    return join '', map chr(32 + rand 95), 1 .. $n if $r < 3; return join '', map chr(rand 256), 1 .. $n if $r == 3;
    return join '', map +("'", '\\', '"', '$', '@', "\n", "\0", '|')[rand 8], 1 .. $n if $r == 4;
    my $s = join '', map +('a', "\x{e9}", $kind eq 'FreezeThaw' ? "\xff" : "\x{263a}", '"', '$', '\\', "'")[rand 7], 1 .. $n; utf8::upgrade $s; $s }
sub key { my $r = int rand 8; return string() if $r == 0; return '' if $r == 1; ('a' .. 'e')[rand 5] . int rand 30 }
sub scalar { my $depth = shift; my $r = int rand 20;
    return ref_to($depth) if $r < 10 and $room > 0 and $depth < 10; return undef if $r == 10; return int(rand 2000) - 1000 if $r == 11;
    return (0, -1, 1e9, -1e9, 9999999999, 12345678901, -999999999, 1.5, -0.25, 1e20, 1e-7, 9**9**9, "007", "-5", "1e3", 18446744073709551615, !!1, !!0)[rand 18] if $r < 14;
    string() }
sub ref_to { my $depth = shift; $room--; my $r = int rand 24;
    return $refs[rand @refs] if @refs and $r < 4;
    if (@slots and $r == 4 and $kind ne 'FreezeThaw') { $exact = 0; return $slots[rand @slots] }
    my $v; my $class = (rand 6) < 1 ? ('A', 'Some::Class', "It's")[rand 3] : undef;
    if ($r < 12) { $v = []; keep($v); $$v[$_] = scalar($depth + 1) for 0 .. rand(5) - 1; push @slots, \$$v[rand @$v] if @$v }
    elsif ($r < 20) { $v = {}; keep($v); for (1 .. rand 5) { my $k = key(); $$v{$k} = scalar($depth + 1) } }
    elsif ($r == 20) { my $p = ('a.b', '[\\w]+', 'x/y', 'a\\/b', '(?:x|y)*')[rand 5]; my $m = ('', 'i', 'msx')[rand 3]; no warnings; $v = eval "qr{$p}$m"; $class = undef }
    elsif ($r == 21) { my $x = scalar($depth + 1); $v = \$x; $class = undef if ref $x }
    else { my $x = scalar($depth + 1); $v = \$x; $class = undef }
    push @refs, $v if reftype($v) ne 'ARRAY' and reftype($v) ne 'HASH';
    bless $v, $class if defined $class; $v }
sub keep { push @refs, $_[0] if rand() < .5 }
sub try { my $s = eval { $_[0]->() }; defined $s ? $s : 'error: ' . ($@ || "undef\n") }
# As POE::Component::IKC::Freezer, which may not be installed.
{ package POE::Component::IKC::Freezer; use strict; our $VAR1;
  sub freeze { local $Data::Dumper::Purity = 1; local $Data::Dumper::Indent = 0; local $Data::Dumper::Varname = __PACKAGE__ . '::VAR'; Data::Dumper->Dump([$_[0]]) }
  sub thaw { local $VAR1; eval $_[0]; die $@ if $@; $VAR1 } }
sub to_text { my $s = $kind eq 'FreezeThaw' ? FreezeThaw::freeze($_[0]) : POE::Component::IKC::Freezer::freeze($_[0]); utf8::downgrade($s, 1) or die 'wide'; $s }
sub from_text { my $v = $kind eq 'FreezeThaw' ? (FreezeThaw::thaw($_[0]))[0] : POE::Component::IKC::Freezer::thaw($_[0]); ref $v or die 'no reference'; nfreeze($v) }

binmode STDIN; binmode STDOUT; $| = 1; $SIG{__WARN__} = sub { };
while (defined(my $line = <STDIN>)) {
    ($kind, my ($seed, $size, $octets)) = split ' ', $line; my $in = ''; $octets == 0 or read(STDIN, $in, $octets) == $octets or die;
    my ($exact_, $image, $text, $again, $other) = ('') x 5;
    if ($seed) { srand $seed; @refs = @slots = (); $exact = 1; $room = $size; my $v = ref_to(0);
        $image = try(sub { nfreeze($v) }); $text = try(sub { to_text($v) }); $again = try(sub { from_text($text) }); $exact_ = $exact; }
    $other = try(sub { from_text($in) }) if $octets;
    print join(' ', map length, $exact_, $image, $text, $again, $other), "\n", $exact_, $image, $text, $again, $other;
}
