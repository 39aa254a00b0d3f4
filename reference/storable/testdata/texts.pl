# The Perl side of the differential tests of packages freezethaw and dumper: makes random structures and freezes them as
# Storable and as text, and thaws texts and freezes what came out with Storable.
#
# A request is "<FreezeThaw or POE::Component::IKC::Freezer> <seed> <size> <octets of text>\n" and the text. The answer is
# the octets of each of five strings, and the strings: words of what there is to be said of the structure, its Storable image,
# its text, the image of what that text thaws to, and the image of what the text of the
# request thaws to. A string that could not be made starts with "error: ". The words: "inexact" if Go cannot know the text from
# the image, "booleans" if it may have any, "repeated" if two references to regexps are the same as text, "nul" if a key has a NUL.
use strict; use warnings; no warnings qw(once recursion);
use Storable qw(freeze); use FreezeThaw; use Data::Dumper; use Scalar::Util qw(reftype);
{ package Ov; use overload '""' => sub { 'ov' }, 'bool' => sub { 1 }; }

my ($kind, $room, @refs, %words, %times, @slots);
my $tags = $Storable::VERSION =~ /^([0-9.]+)/ && $1 >= 3.27; # images have booleans
sub string { my $n = int rand 12; my $r = int rand 6;
    return join '', map chr(32 + rand 95), 1 .. $n if $r < 3; return join '', map chr(rand 256), 1 .. $n if $r == 3;
    return join '', map +("'", '\\', '"', '$', '@', "\n", "\0", '|')[rand 8], 1 .. $n if $r == 4;
    my @wide = $kind eq 'FreezeThaw' ? ("\xff", "\x80", "\xa0") : ("\x{263a}", "\x{1f600}", "\x{100}");
    my $s = join '', map +('a', "\x{e9}", @wide, '"', '$', '\\', "'", "\n", '@')[rand 11], 1 .. $n; utf8::upgrade $s; $s }
sub key { my $k = some_key(); $words{nul} = 1 if $k =~ /\0/; $k }
sub some_key { my $r = int rand 6; return string() if $r == 0; return '' if $r == 1; ('a' .. 'e')[rand 5] . int rand 30 }
sub boolean { $words{$tags ? "booleans" : "inexact"} = 1; int(rand 2) ? !!1 : !!0 }
sub number { my $r = int rand 4; return boolean() if $r == 0; return (rand(2) - 1) * 10 ** (int(rand 40) - 20) if $r == 1;
    my $i = (int rand 2**32 << 31 | int rand 2**31) >> int rand 63; $r == 2 ? $i : -$i }
sub value { my $depth = shift; my $r = int rand 21; return number() if $r == 20;
    return ref_to($depth) if $r < 10 and $room > 0 and $depth < 10; return undef if $r == 10; return int(rand 2000) - 1000 if $r == 11;
    return (0, -1, 1e9, -1e9, 9999999999, 12345678901, -999999999, 1.5, -0.25, 1e20, 1e-7, 9**9**9, "007", "-5", "1e3", 18446744073709551615)[rand 16] if $r < 14;
    string() }
sub ref_to { my $v = make(@_); $words{repeated} = 1 if re::is_regexp($v) and $times{"$v"}++; $v }
sub make { my $depth = shift; $room--; my $r = int rand 24;
    return $refs[rand @refs] if @refs and $r < 4;
    if (@slots and $r == 4 and $kind ne 'FreezeThaw') { $words{inexact} = 1; return $slots[rand @slots] }
    my $v; my $class = (rand 6) < 1 ? ('A', 'Some::Class', "It's", 'Ov')[rand($kind eq 'FreezeThaw' ? 3 : 4)] : undef;
    if ($r < 12) { $v = []; keep($v); $$v[$_] = value($depth + 1) for 0 .. rand(5) - 1; push @slots, \$$v[rand @$v] if @$v }
    elsif ($r < 20) { $v = {}; keep($v); for (1 .. rand 5) { my $k = key(); $$v{$k} = value($depth + 1) } }
    elsif ($r == 20) { $v = regexp(); $class = undef }
    elsif ($r == 21) { my $x = value($depth + 1); $v = \$x; $class = undef if ref $x }
    else { my $x = value($depth + 1); $v = \$x; $class = undef }
    push @refs, $v if reftype($v) ne 'ARRAY' and reftype($v) ne 'HASH';
    bless $v, $class if defined $class; $v }
sub regexp { no warnings; my $p = ('a.b', '[\\w]+', 'x/y', 'a\\/b', '(?:x|y)*', 'a # b', "a # b\n", "a # b\nc", '[#]', 'a\\#', '\\Q#', '', '#', '(?x)a # b', '(?^x:a # b)')[rand 15];
    my $m = ('', 'i', 'msx', 'x', 'xi', 'n', 'p', 'a', 'aa', 'u', 'l', 'xx', 'xp')[rand 13]; $words{inexact} = 1 if $p =~ /^\(\?x/; eval "qr{$p}$m" || qr/a/ } # Storable makes qr/(?x)a/x of qr/(?x)a/
sub keep { push @refs, $_[0] if rand() < .5 }
sub try { my $s = eval { $_[0]->() }; defined $s ? $s : 'error: ' . ($@ || "undef\n") }
# As POE::Component::IKC::Freezer, which may not be installed.
{ package POE::Component::IKC::Freezer; use strict; our $VAR1;
  sub freeze { local $Data::Dumper::Purity = 1; local $Data::Dumper::Indent = 0; local $Data::Dumper::Varname = __PACKAGE__ . '::VAR'; Data::Dumper->Dump([$_[0]]) }
  sub thaw { local $VAR1; eval $_[0]; die $@ if $@; $VAR1 } }
sub to_text { my $s = $kind eq 'FreezeThaw' ? FreezeThaw::freeze($_[0]) : POE::Component::IKC::Freezer::freeze($_[0]); utf8::downgrade($s, 1) or die 'wide'; $s }
sub from_text { my $v = $kind eq 'FreezeThaw' ? (FreezeThaw::thaw($_[0]))[0] : POE::Component::IKC::Freezer::thaw($_[0]); ref $v or die 'no reference'; freeze($v) }

binmode STDIN; binmode STDOUT; $| = 1; $SIG{__WARN__} = sub { };
while (defined(my $line = <STDIN>)) {
    ($kind, my ($seed, $size, $octets)) = split ' ', $line; my $in = ''; $octets == 0 or read(STDIN, $in, $octets) == $octets or die;
    my ($image, $text, $again, $other) = ('') x 4; %words = ();
    if ($seed) { srand $seed; @refs = @slots = %times = (); $room = $size; my $v = ref_to(0);
        $image = try(sub { freeze($v) }); $text = try(sub { to_text($v) }); $again = try(sub { from_text($text) }); }
    $other = try(sub { from_text($in) }) if $octets;
    my $words = join ' ', sort keys %words;
    print join(' ', map length, $words, $image, $text, $again, $other), "\n", $words, $image, $text, $again, $other;
}
