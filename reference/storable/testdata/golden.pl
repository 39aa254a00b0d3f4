# Prints golden images, one a line: a name and nfreeze, freeze, nstore or store of a value in hex. Run with perl 5.36, Storable 3.26:
#   perl testdata/golden.pl > testdata/golden.txt
use strict; use warnings; no warnings "once";
use Storable qw(nfreeze freeze store nstore); use Hash::Util qw(lock_keys lock_hash); use Scalar::Util 'weaken';
$Storable::canonical = 1; $Storable::Deparse = 1;
print "# made by testdata/golden.pl with perl $^V and Storable $Storable::VERSION\n";
my %done;
sub h { my ($n, $v) = @_; die $n if $done{$n}++; printf "%s %s\n", $n, unpack 'H*', nfreeze($v);
  printf "%s/native %s\n", $n, unpack 'H*', freeze($v); file($n, $v) if $n =~ /^(?:hash_empty|double|int|call|utf8_keys)$/ }
sub file { my ($n, $v) = @_; for ([file => \&nstore], [native_file => \&store]) { my ($s, $f) = @$_; my $p = "/tmp/golden.$$";
  $f->($v, $p); open my $h, '<:raw', $p or die; local $/; printf "%s/%s %s\n", $n, $s, unpack 'H*', <$h>; unlink $p } }
{ package T; sub TIEHASH { bless {} } sub TIEARRAY { bless [] } sub TIESCALAR { my $x; bless \$x }
  sub FETCH { 1 } sub EXISTS { 1 } sub FETCHSIZE { 3 } }
{ package H; sub new { my $c = shift; bless {refs => [@_]}, $c }
  sub STORABLE_freeze { my ($s, $c) = @_; ("abc", @{$s->{refs} || []}) } sub STORABLE_thaw {} }
{ package HL; our @ISA = 'H'; sub STORABLE_freeze { my ($s, $c) = @_; ("x" x 300, @{$s->{refs} || []}) } }
{ package HA; our @ISA = 'H'; sub new { bless [], shift } sub STORABLE_freeze { 'arr' } }
{ package HS; our @ISA = 'H'; sub new { my $x = 5; bless \$x, shift } sub STORABLE_freeze { '' } }
{ package O; use overload '""' => sub { "x" }; }

h undef_elem => [undef, \undef]; { no warnings; our @s; sub el { nfreeze(\@_) } printf "svundef_elem %s\n", unpack 'H*', el(undef, 1) }
my @a; $a[2] = 1; h hole => \@a;
h array_empty => []; h hash_empty => {}; h scalar_undef => \undef; h scalar_int => \42; h scalar_empty => \"";
h bool_copies => [!!1, !!0, 1 == 1]; my $t = (1 == 1); h bool_var => [$t]; h yes_no_refs => [\!!1, \!!0, \!!1];
h undef_refs => [\undef, \undef];
h double => [1.5, 1e20, 9**9**9, -9**9**9, 1.0, 3e9, 0.1, 1e15, 1e16, -1e-300, -sin(9**9**9)];
h double_exact => [map { unpack 'd', pack 'd', $_ } 9007199254740991, 9007199254740992, -9007199254740991, -9007199254740992];
h negative_zero => [unpack 'd>', pack 'H*', '8000000000000000'];
h int => [0, 127, -128, 128, -129, 2147483647, 2147483648, -2147483648, -2147483649, 9223372036854775807, 18446744073709551615];
h utf8 => ["\x{e9}", "\x{263a}", "\x{1f600}"]; h utf8_long => ["\x{263a}" x 100]; h long => ["a" x 255, "b" x 256];
h utf8_empty => [do { my $e = ""; utf8::upgrade $e; $e }];
h utf8_keys => {"\x{263a}" => 1, "\x{e9}" => 2, a => 3, "\x{ff}" => 4, "\x{100}" => 5};
my $k = "\x{e9}"; utf8::upgrade $k; h wasutf8_key => {$k => 1, b => 2};
h keys => {map { $_ => length } "", "a", "b" x 300, "\0", "\xff", 1 .. 30};
h regexp => [qr/a.b/ix, bless(qr/x/, 'Foo'), qr/${\("y" x 300)}/, qr//];
h vstring => [v1.22.333, v65.66, \v1.2]; h vstring_long => [eval 'v1' . '.1' x 200];
h code => sub { 1 + 1 }; h code_seen => do { my $s = sub { 2 }; my $x = [1]; [$s, $s, $x, $x] };
h code_utf8 => do { use utf8; my $s = sub { "☺" }; $s };
my %l = (a => 1, b => 2, c => 3); lock_hash(%l); h locked => \%l;
my %m = (a => 1, b => 2); lock_keys(%m); delete $m{b}; h placeholder => \%m;
h blessed => bless([bless({}, 'Foo'), bless({}, 'Foo'), bless([], 'Bar')], 'Bar');
h class_long => [map bless([], $_ x 60), qw(abc abcd abcde abc)]; h class_127 => [bless([], 'x' x 127), bless({}, 'y' x 128)];
h class_many => [map bless([], "C$_"), 0 .. 299, 5, 127, 128, 255, 256, 299];
my $x = []; push @$x, $x, \$x; h cycle => $x; my $y; $y = \$y; h self => $y;
my $w = [[]]; $w->[1] = $w->[0]; weaken $w->[1]; h weak => $w;
my $o = bless {}, 'O'; h overload => [$o, \$o]; my $wo = [$o, $o]; weaken $wo->[1]; h weak_overload => $wo;
tie my %th, 'T'; tie my @ta, 'T'; tie my $ts, 'T'; h tied_hash => \%th; h tied_array => \@ta; h tied_scalar => \$ts;
h tied_all => [\%th, \@ta, \$ts]; h tied_key => \$th{foo}; h tied_idx => [\$ta[2]];
h hook => [H->new([1, 2], [7]), H->new({x => 1})]; h hook_alone => H->new; h hook_long => HL->new([1]);
h hook_array => [HA->new, HA->new]; h hook_scalar => HS->new; my $s = [1]; h hook_shared => [$s, H->new($s, $s), $s];
h hook_many => H->new(map [$_], 1 .. 300); h hook_nested => H->new(H->new([1]), H->new(H->new));
h hook_class => [(map bless([], "C$_"), 0 .. 299), H->new, H->new, bless({}, 'H')];
{ package main; my $h = H->new; push @{$h->{refs}}, $h, [$h]; h hook_self => $h; }
{ my %t; tie %t, 'T'; my $v = bless \%t, 'TH'; { no strict 'refs'; *TH::STORABLE_freeze = sub { ('tied', [1]) }; } h hook_tied_hash => [$v, 1];
  my @t; tie @t, 'T'; $v = bless \@t, 'TH'; h hook_tied_array => [$v, 1]; my $st; tie $st, 'T'; $v = bless \$st, 'TH'; h hook_tied_scalar => [$v, 1]; }
h deref => \"abc"; h ref_ref => \\"abc"; h blessed_scalar => bless(\(my $z = "s"), 'S'); h blessed_ref => bless(\(my $z2 = [1]), 'SR');
h blessed_code => bless(sub { 2 }, 'CB'); h blessed_undef => bless(\(my $u), 'U'); h blessed_vstring => bless(\(my $vs = v1.2), 'V');
h nested => {a => [1, {b => [2, {c => [3]}]}], d => {e => {f => undef}}};
h call => {event => {kernel => 'k', session => 's', state => 'st'}, params => [1, 'two', {three => 3}], from => {kernel => 'a'}, wantarray => ''};
