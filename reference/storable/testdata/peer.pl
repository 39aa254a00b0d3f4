# The Perl side of the differential test: builds structures from descriptions, freezes and thaws them, and describes
# what it thawed. One process serves any number of structures.
#
# A request is "<network> <octets of description> <octets of image>\n" and both; the answer is the octets of each of
# four strings, and the strings: the frozen structure, it frozen again after thawing, the description of what was
# thawed, and the description of what the image thaws to. A string that could not be made starts with "error: ".
#
# A description is a list of words for an SV and what it holds; see describe in differential_test.go.
sub compile { eval "sub $_[0]" } # before any pragma, which Deparse would show
use strict; use warnings; no warnings qw(once experimental::refaliasing recursion); use feature 'refaliasing';
use Storable qw(freeze nfreeze thaw); use B; use Hash::Util; use Scalar::Util qw(blessed reftype refaddr weaken isweak);
$Storable::canonical = $Storable::Deparse = $Storable::Eval = 1;
$Storable::recursion_limit = $Storable::recursion_limit_hash = -1 if $Storable::VERSION =~ /^([0-9.]+)/ && $1 >= 3.08;

{ package Tie; sub TIEHASH { $_[1] } sub TIEARRAY { $_[1] } sub TIESCALAR { $_[1] } sub FETCH { 1 } sub FETCHSIZE { 0 } sub DESTROY {} sub UNTIE {} }
{ package Hook; sub STORABLE_freeze { my $s = shift; my @p = Scalar::Util::reftype($s) eq 'HASH' ? @$s{qw(frozen refs)} : @$s; ($p[0], @{$p[1]}) }
  sub STORABLE_thaw { my ($s, undef, $frozen, @refs) = @_; if (Scalar::Util::reftype($s) eq 'HASH') { @$s{qw(frozen refs)} = ($frozen, \@refs) } else { @$s = ($frozen, \@refs) } } }
{ package Hook::Two; our @ISA = 'Hook'; }
{ package Ov; use overload '""' => sub { 'ov' }, '==' => sub { 0 }, 'bool' => sub { 1 }, 'eq' => sub { 0 }; }
{ package Ov::Two; our @ISA = 'Ov'; use overload '0+' => sub { 1 }; }

my (@words, @sv, @weak, @lock);
sub build { # returns a reference to a new SV
    my $w = shift @words; my $op = substr $w, 0, 1; my $arg = substr $w, 1;
    return $sv[$arg] if $op eq '@';
    return \undef if $op eq '!'; return \!!1 if $op eq 'Y'; return \!!0 if $op eq 'N';
    if ($op eq '=') { # class
        my $r = build(); return bless $r, pack 'H*', $arg
    }
    if ($op eq 'A') { my @a; my $r = \@a; push @sv, $r; $#a = $arg - 1;
        for my $i (0 .. $arg - 1) { if ($words[0] eq 'h') { shift @words; next } \$a[$i] = build() } return $r }
    if ($op eq 'H') { my %h; my $r = \%h; push @sv, $r; my ($n, $restricted) = split /,/, $arg; my @deleted;
        for (1 .. $n) { my ($kind, $locked, $hex) = shift(@words) =~ /^([kwK])([lp]*):(.*)$/ or die; my $k = pack 'H*', $hex;
            utf8::decode $k if $kind eq 'K'; utf8::upgrade $k if $kind eq 'w';
            if ($locked =~ /p/) { $h{$k} = 1; push @deleted, $k; next }
            my $v = build(); \$h{$k} = $v; push @lock, $v if $locked eq 'l' }
        if ($restricted) { my @d = @deleted; push @lock, sub { &Internals::SvREADONLY(\%h, 1); delete $h{$_} for @d } } return $r }
    if ($op eq 'R') { my $x; push @sv, \$x; my $t = build(); $x = $t; push @weak, \$x if $arg eq 'w'; return \$x }
    if ($op eq 'c') { my $n = @sv; push @sv, undef; my $c = compile(pack 'H*', $arg) or die $@; $sv[$n] = $c; return $c }
    if ($op eq 'r') { my ($p, $m) = map { pack 'H*', $_ } split /,/, $arg, 2; my $q = eval "no warnings; qr/$p/$m" or die $@;
        push @sv, $q; return $q }
    if ($op eq 'X') { my ($sort, $class, $frozen, $n) = split /,/, $arg; my $o = $sort == 2 ? {} : []; push @sv, $o; my @refs;
        push @refs, build() for 1 .. $n; my $f = pack 'H*', $frozen;
        if ($sort == 2) { @$o{qw(frozen refs)} = ($f, \@refs) } else { @$o = ($f, \@refs) } return bless $o, pack 'H*', $class }
    if ($op eq 'T') { my $n = @sv;
        if ($arg == 0) { my $s; push @sv, \$s; my $o = bless build(), 'Tie'; tie $s, 'Tie', $o; return \$s }
        if ($arg == 1) { my @a; push @sv, \@a; my $o = bless build(), 'Tie'; tie @a, 'Tie', $o; return \@a }
        my %h; push @sv, \%h; my $o = bless build(), 'Tie'; tie %h, 'Tie', $o; return \%h }
    my $x;
    if ($op eq 'u') { }
    elsif ($op eq 'i') { $x = 0 + $arg }
    elsif ($op eq 'd') { $x = unpack 'd>', pack 'H*', $arg eq 'NaN' ? '7ff8000000000000' : $arg }
    elsif ($op eq 'b') { $x = pack 'H*', $arg }
    elsif ($op eq 't') { $x = pack 'H*', $arg; utf8::decode $x; utf8::upgrade $x }
    elsif ($op eq 'B') { $x = !!$arg }
    elsif ($op eq 'v') { $x = eval pack 'H*', (split /,/, $arg)[0] }
    else { die "unknown word $w" }
    push @sv, \$x; return \$x;
}

my $tags = $Storable::VERSION =~ /^([0-9.]+)/ && $1 >= 3.27; # it writes booleans with tags of their own; no other thaws them as such
no if $] >= 5.036, warnings => 'experimental::builtin';
my (%seen, $count, @out, %held);
my %immortal = (refaddr(\undef) => '!', refaddr(\!!1) => 'Y', refaddr(\!!0) => 'N');
sub hex_of { my $s = shift; utf8::encode $s if utf8::is_utf8 $s; unpack 'H*', $s }
sub describe { # takes a reference to the SV
    my $r = shift; my $a = refaddr $r;
    if (my $i = $immortal{$a}) { push @out, $i; return }
    if (defined $seen{$a}) { push @out, "\@$seen{$a}"; return }
    $seen{$a} = $count++; $held{$a} = $r;
    my $class = blessed $r; my $type = reftype $r;
    if (defined $class and UNIVERSAL::isa($class, 'Hook')) {
        my ($f, $refs) = $type eq 'HASH' ? @$r{qw(frozen refs)} : @$r;
        push @out, join ',', 'X' . ($type eq 'HASH' ? 2 : 1), unpack('H*', $class), unpack('H*', $f), scalar @$refs;
        describe($_) for @$refs; return;
    }
    push @out, '=' . hex_of($class) if defined $class;
    if ($type eq 'ARRAY') {
        if (my $t = tied @$r) { push @out, 'T1'; describe($t); return }
        push @out, 'A' . @$r; my $b = B::svref_2object($r);
        for (0 .. $#$r) { if (exists $r->[$_]) { describe(\$r->[$_]) } else { push @out, 'h' } } return }
    if ($type eq 'HASH') {
        if (my $t = tied %$r) { push @out, 'T2'; describe($t); return }
        my $restricted = &Internals::SvREADONLY($r) ? 1 : 0; my %p = map { $_ => 1 } Hash::Util::hidden_keys(%$r);
        my @k = sort +keys(%$r), keys %p; push @out, 'H' . @k . ",$restricted";
        for my $k (@k) { my ($o, $kind) = ($k, 'k');
            if (utf8::is_utf8 $o) { if (utf8::downgrade($o, 1)) { $kind = 'w' } else { $kind = 'K'; utf8::encode $o } }
            my $f = $p{$k} ? 'p' : $restricted && Internals::SvREADONLY($r->{$k}) ? 'l' : '';
            push @out, "$kind$f:" . unpack 'H*', $o; describe(\$r->{$k}) unless $p{$k} } return }
    if ($type eq 'CODE') { push @out, 'c' . unpack 'H*', "{\n    " . $r->() . ";\n}"; return }
    if ($type eq 'REGEXP') { my ($p, $m) = re::regexp_pattern($r); push @out, 'r' . unpack('H*', $p) . ',' . unpack 'H*', $m; return }
    if (my $t = tied $$r) { push @out, 'T0'; describe($t); return }
    my $b = B::svref_2object($r); my $f = $b->FLAGS;
    if ($f & B::SVf_ROK) { my $t = $$r; push @out, 'R' . (isweak($$r) ? 'w' : ''); describe($t); return }
    if (reftype($r) eq 'VSTRING') { my $m = $b->MAGIC; $m = $m->MOREMAGIC while $m->TYPE ne 'V';
        push @out, 'v' . unpack('H*', $m->PTR) . ',' . ($f & B::SVf_UTF8 ? 't' : 'b') . hex_of($$r); return }
    if ($tags and builtin::is_bool($$r)) { push @out, 'B' . ($$r ? 1 : 0) }
    elsif ($f & B::SVf_POK) { push @out, ($f & B::SVf_UTF8 ? 't' : 'b') . hex_of($$r) }
    elsif ($f & B::SVf_IOK) { push @out, 'i' . ($f & B::SVf_IVisUV ? $b->UVX : $b->IV) }
    elsif ($f & B::SVf_NOK) { my $n = $$r; push @out, 'd' . ($n == $n ? unpack 'H*', pack 'd>', $n : 'NaN') }
    else { push @out, 'u' }
}
sub description { (%seen, $count, @out, %held) = (); $count = 0; @out = (); my $r = shift; describe($r); my $s = join ' ', @out; %held = (); %seen = (); $s }
sub try { my $s = eval { $_[0]->() }; defined $s ? $s : 'error: ' . ($@ || "undef\n") }

binmode STDIN; binmode STDOUT; $| = 1;
while (defined(my $line = <STDIN>)) {
    my ($net, $dn, $in) = split ' ', $line; my ($d, $image) = ('', '');
    $dn == 0 or read(STDIN, $d, $dn) == $dn or die; $in == 0 or read(STDIN, $image, $in) == $in or die;
    my $to = $net ? \&nfreeze : \&freeze;
    my ($root, $frozen, $again, $d1, $d2) = (undef, ('') x 4);
    if ($dn) {
        @words = split ' ', $d; @sv = @weak = @lock = ();
        $frozen = try(sub { my $r = build(); die "words left" if @words; weaken $$_ for @weak;
            for (@lock) { ref $_ eq 'CODE' ? $_->() : Internals::SvREADONLY($$_, 1) } $root = $r; $to->($r) });
        my $thawed; $d1 = try(sub { $thawed = thaw($frozen) // die "thaw gave undef\n"; description($thawed) });
        $again = try(sub { $to->($thawed) });
    }
    $d2 = try(sub { my $t = thaw($image) // die "thaw gave undef\n"; description($t) }) if $in;
    print join(' ', map length, $frozen, $again, $d1, $d2), "\n", $frozen, $again, $d1, $d2;
}
