package PerlPeer::Typed;

# Perl values as the typed JSON of the driver protocol (see "Values" in DRIVER.md), and back.
#
# encode() looks at the flags of each scalar, not at what its content looks like, in the order in which
# Storable does: a string is a string even if it has been used as a number, an integer is an integer
# even if it has a double beside it.

# B::Deparse writes code as it would stand in package main with nothing switched on, so that is where
# it has to be compiled: above the pragmas of this file.
sub _compile { package main; return eval "sub $_[0]" }

use strict;
use warnings;
no warnings 'recursion';

use B            ();
use Hash::Util   ();
use Scalar::Util qw(blessed reftype refaddr isweak weaken);

use PerlPeer::Error;
use PerlPeer::JSON;
use PerlPeer::Tie;

# builtin::is_bool came with Perl 5.36; before that a boolean is a string to everybody.
# Calling it warns that it is experimental, in a category that older Perls do not know.
my $is_bool = defined &builtin::is_bool
    ? sub { no warnings; builtin::is_bool( $_[0] ) }
    : undef;

sub has_booleans { return $is_bool ? 1 : 0 }

# Perl shares these between all who hold them; that is no identity of anybody's data.
my %IMMORTAL = map { ( $_ => 1 ) } refaddr( \undef ), refaddr( \!!1 ), refaddr( \!!0 );

#----- from Perl to JSON ---------------------------------------------------------------------------

# encode returns the JSON of the value that its argument refers to: encode(\$x).
sub encode {
    my ($of) = @_;
    my %count;
    _count( $of, \%count );
    my $state = { count => \%count, number => {}, last => 0 };
    return _thing( $of, $state );
}

# _count counts the places that each value is referenced from.
sub _count {
    my ( $of, $count ) = @_;
    return if $IMMORTAL{ refaddr $of};
    return if $count->{ refaddr $of}++;
    my $type = reftype $of;
    if ( my $object = _tied($of) ) { _count( \$object, $count ); return }
    if ( $type eq 'ARRAY' ) {
        for my $i ( 0 .. $#$of ) { _count( \$of->[$i], $count ) if exists $of->[$i] }
    }
    elsif ( $type eq 'HASH' ) {
        _count( \$of->{$_}, $count ) for keys %$of;
    }
    elsif ( _is_scalar($type) && ref $$of ) {
        _count( $$of, $count );
    }
    return;
}

sub _is_scalar { return $_[0] =~ /\A(?:SCALAR|REF|LVALUE|VSTRING)\z/ }

sub _tied {
    my ($of) = @_;
    my $type = reftype $of;
    return $type eq 'ARRAY' ? tied @$of : $type eq 'HASH' ? tied %$of : _is_scalar($type) ? tied $$of : undef;
}

# _thing writes what $of refers to, with its class and its identity.
sub _thing {
    my ( $of, $state ) = @_;
    my $address = refaddr $of;
    my @fields;
    if ( ( $state->{count}{$address} || 0 ) > 1 ) {
        if ( my $n = $state->{number}{$address} ) { return qq({"seen":$n}) }
        my $n = $state->{number}{$address} = ++$state->{last};
        push @fields, qq("id":$n);
    }
    my $class = blessed $of;
    push @fields, '"class":' . _name($class) if defined $class;
    push @fields, '"immortal":true' if $IMMORTAL{$address};
    return _body( $of, $state, \@fields );
}

# _name writes the name of a class. It is octets to a serializer, whatever Perl takes them for.
sub _name {
    my $octets = _octets( $_[0] );
    my $text   = $octets;
    return PerlPeer::JSON::string($text) if utf8::decode($text) && $text !~ /[\x{d800}-\x{dfff}]|[^\x{0}-\x{10ffff}]/;
    return '{"b":' . PerlPeer::JSON::string($octets) . '}';
}

sub _object {
    my ( $fields, @more ) = @_;
    return '{' . join( ',', @more, @$fields ) . '}';
}

sub _body {
    my ( $of, $state, $fields ) = @_;
    my $type = reftype $of;

    if ( my $object = _tied($of) ) {
        my $kind = $type eq 'ARRAY' ? 'array' : $type eq 'HASH' ? 'hash' : 'scalar';
        return _object( $fields, qq("tied":"$kind"), '"object":' . _thing( \$object, $state ) );
    }
    if ( $type eq 'ARRAY' ) {
        my @e = map { exists $of->[$_] ? _thing( \$of->[$_], $state ) : '{"hole":true}' } 0 .. $#$of;
        return _object( $fields, '"array":[' . join( ',', @e ) . ']' );
    }
    return _hash( $of, $state, $fields ) if $type eq 'HASH';
    return _object( $fields, '"code":' . PerlPeer::JSON::string( _source($of) ) ) if $type eq 'CODE';
    if ( $type eq 'REGEXP' ) {
        my ( $pattern, $modifiers ) = re::regexp_pattern($of);
        return _object( $fields,
            '"regexp":' . PerlPeer::JSON::string($pattern),
            '"modifiers":' . PerlPeer::JSON::string($modifiers) );
    }
    return _scalar( $of, $state, $fields ) if _is_scalar($type);

    # A glob, a format, an IO handle: nothing of it can be carried elsewhere, so only its string is shown.
    return _object( $fields, '"b":' . PerlPeer::JSON::string( _octets( $type eq 'GLOB' ? "$$of" : "$of" ) ) );
}

# _hash writes the pairs in the order of the keys' octets, of two with the same the one without UTF-8
# flag first.
sub _hash {
    my ( $of, $state, $fields ) = @_;
    my $restricted = Internals::SvREADONLY(%$of);
    my @pairs;
    for my $k ( keys %$of ) {
        my @flag = $restricted && Internals::SvREADONLY( $of->{$k} ) ? ('"locked"') : ();
        push @pairs, [ $k, \$of->{$k}, @flag ];
    }
    if ($restricted) {
        push @pairs, map { [ $_, undef, '"placeholder"' ] } Hash::Util::hidden_keys(%$of);
        push @$fields, '"restricted":true';
    }
    my @sorted = map { $_->[1] } sort { $a->[0] cmp $b->[0] || $a->[2] <=> $b->[2] }
        map { [ _octets( $_->[0] ), $_, utf8::is_utf8( $_->[0] ) ? 1 : 0 ] } @pairs;
    my @json;
    for my $pair (@sorted) {
        my ( $k, $slot, @flag ) = @$pair;
        my $key = utf8::is_utf8($k) ? '{' . _text($k) . '}' : PerlPeer::JSON::string($k);
        push @json, '[' . join( ',', $key, $slot ? _thing( $slot, $state ) : 'null', @flag ) . ']';
    }
    return _object( $fields, '"hash":[' . join( ',', @json ) . ']' );
}

# _octets are the octets that Perl holds for a string.
sub _octets {
    my ($s) = @_;
    utf8::encode($s) if utf8::is_utf8($s);
    return $s;
}

# _text writes a string with UTF-8 flag. Perl allows code points there that Unicode and JSON do not.
sub _text {
    my ($s) = @_;
    return '"t":' . PerlPeer::JSON::string($s) unless $s =~ /[\x{d800}-\x{dfff}]|[^\x{0}-\x{10ffff}]/;
    return '"u":' . PerlPeer::JSON::string( _octets($s) );
}

sub _source {
    my ($code) = @_;
    require B::Deparse;
    my $source = eval { B::Deparse->new->coderef2text($code) };
    return defined $source ? $source : ';';
}

# double writes a number so that it reads back as the same double, with as few digits as that needs.
sub double {
    my ($n) = @_;
    return 'NaN' if $n != $n;
    return $n > 0 ? 'Inf' : '-Inf' if $n == 9**9**9 || $n == -9**9**9;
    for my $digits ( 15, 16 ) {
        my $s = sprintf "%.${digits}g", $n;
        return $s if $s == $n;
    }
    return sprintf '%.17g', $n;
}

sub _scalar {
    my ( $of, $state, $fields ) = @_;
    if ( ref $$of ) {
        my $target = _thing( $$of, $state );
        push @$fields, '"weak":true' if isweak($$of);
        return _object( $fields, '"ref":' . $target );
    }
    if ( $is_bool && $is_bool->($$of) ) {
        my $b = $$of ? 'true' : 'false';
        return @$fields ? _object( $fields, qq("bool":$b) ) : $b;
    }
    if ( !defined $$of ) { return @$fields ? _object( $fields, '"undef":true' ) : 'null' }
    my $copy  = $IMMORTAL{ refaddr $of} ? \( my $c = $$of ) : $of;    # an immortal has no flags to look at
    my $sv    = B::svref_2object($copy);
    my $flags = $sv->FLAGS;
    if ( reftype($of) eq 'VSTRING' ) {
        my $literal = '';
        for ( my $mg = $sv->MAGIC ; $mg ; $mg = $mg->MOREMAGIC ) {
            $literal = $mg->PTR if $mg->TYPE eq 'V';
        }
        return _object( $fields,
            '"vstring":' . PerlPeer::JSON::string( _octets($$of) ),
            '"literal":' . PerlPeer::JSON::string($literal),
            utf8::is_utf8($$of) ? '"utf8":true' : () );
    }
    if ( reftype($of) eq 'GLOB' ) { return _object( $fields, '"b":' . PerlPeer::JSON::string( _octets("$$of") ) ) }
    if ( $flags & ( B::SVf_POK() | B::SVp_POK() ) ) {
        return _object( $fields, utf8::is_utf8($$of) ? _text($$of) : '"b":' . PerlPeer::JSON::string($$of) );
    }
    if ( $flags & B::SVf_IOK() ) {
        my $i = $flags & B::SVf_IVisUV() ? $sv->UVX : $sv->IV;
        return _object( $fields, qq("i":"$i") );
    }
    if ( $flags & ( B::SVf_NOK() | B::SVp_NOK() ) ) { return _object( $fields, '"n":"' . double( $sv->NV ) . '"' ) }
    if ( $flags & B::SVp_IOK() ) { return _object( $fields, '"i":"' . $sv->IV . '"' ) }
    return _object( $fields, '"b":' . PerlPeer::JSON::string( _octets("$$of") ) );
}

#----- from JSON to Perl ---------------------------------------------------------------------------

# decode returns a reference to the value that the JSON describes: ${ decode($json) }. The JSON has
# been through PerlPeer::JSON::decode.
sub decode {
    my ($v) = @_;
    my $state = { seen => {}, weak => [], restrict => [] };
    my $x;
    _fill( $v, \$x, $state );
    $_->() for @{ $state->{restrict} };
    weaken( ${$_} ) for @{ $state->{weak} };
    return \$x;
}

my @KINDS = qw(i n b t u ref array hash code regexp vstring tied undef bool seen hole);

sub _kind {
    my ($v) = @_;
    ref $v eq 'HASH' or PerlPeer::Error->usage('a Perl value is null, true, false or an object');
    my @k = grep { exists $v->{$_} } @KINDS;
    @k == 1 or PerlPeer::Error->usage( 'a Perl value has one kind, this has ' . ( join( ', ', @k ) || 'none' ) );
    return $k[0];
}

# _fill gives a scalar variable, a place in an array or hash or one of its own, its value.
sub _fill {
    my ( $v, $slot, $state ) = @_;
    if ( !defined $v ) { $$slot = undef; return $slot }
    if ( PerlPeer::JSON::is_boolean($v) ) { $$slot = $$v ? !!1 : !!0; return $slot }
    my $kind = _kind($v);
    if ( $kind eq 'seen' ) {

        # An array cannot hold the same scalar twice without tricks: its value must do.
        my $target = _seen( $v, $state );
        _is_scalar( reftype $target) or PerlPeer::Error->usage('a container can only stand behind a reference');
        $$slot = $$target;
        return $slot;
    }
    $state->{seen}{ _number( $v->{id} ) } = $slot if exists $v->{id};
    if    ( $kind eq 'undef' ) { $$slot = undef }
    elsif ( $kind eq 'bool' ) { $$slot = ${ $v->{bool} } ? !!1 : !!0 }
    elsif ( $kind eq 'i' ) { $$slot = _integer( $v->{i} ) }
    elsif ( $kind eq 'n' ) { $$slot = _double( $v->{n} ) }
    elsif ( $kind eq 'b' ) { $$slot = _bytes( $v->{b} ) }
    elsif ( $kind eq 't' || $kind eq 'u' ) { $$slot = _characters($v) }
    elsif ( $kind eq 'vstring' ) { $$slot = _vstring($v) }
    elsif ( $kind eq 'ref' ) {
        $$slot = _referent( $v->{ref}, $state );
        push @{ $state->{weak} }, $slot if $v->{weak} && ${ $v->{weak} };
    }
    elsif ( $kind eq 'tied' && $v->{tied} eq 'scalar' ) {
        _fill( $v->{object}, \my $object, $state );
        tie $$slot, 'PerlPeer::Tie', $object;
    }
    else { PerlPeer::Error->usage("$kind can only stand behind a reference") }
    bless $slot, _class($v) if exists $v->{class};
    return $slot;
}

# _referent makes a new variable and returns the reference to it.
sub _referent {
    my ( $v, $state ) = @_;
    if ( !defined $v || PerlPeer::JSON::is_boolean($v) ) { return _fill( $v, \my $x, $state ) }
    my $kind = _kind($v);
    return _seen( $v, $state ) if $kind eq 'seen';
    if ( $v->{immortal} ) { return $kind eq 'undef' ? \undef : ${ $v->{bool} } ? \!!1 : \!!0 }
    my $is_tied = $kind eq 'tied' ? $v->{tied} : '';
    my $made;
    if ( $kind eq 'array' || $is_tied eq 'array' ) { $made = [] }
    elsif ( $kind eq 'hash' || $is_tied eq 'hash' ) { $made = {} }
    elsif ( $kind eq 'code' ) { $made = _code( $v->{code} ) }
    elsif ( $kind eq 'regexp' ) { $made = _regexp($v) }
    else                        { return _fill( $v, \my $x, $state ) }
    $state->{seen}{ _number( $v->{id} ) } = $made if exists $v->{id};

    if ($is_tied) {
        _fill( $v->{object}, \my $object, $state );
        if   ( $is_tied eq 'array' ) { tie @$made, 'PerlPeer::Tie', $object }
        else                         { tie %$made, 'PerlPeer::Tie', $object }
    }
    elsif ( $kind eq 'array' ) {
        my $elements = _list( $v->{array} );
        $#$made = $#$elements;
        for my $i ( 0 .. $#$elements ) {
            my $e = $elements->[$i];
            next if ref $e eq 'HASH' && exists $e->{hole};
            _fill( $e, \$made->[$i], $state );
        }
    }
    elsif ( $kind eq 'hash' ) { _fill_hash( $v, $made, $state ) }
    bless $made, _class($v) if exists $v->{class};
    return $made;
}

sub _fill_hash {
    my ( $v, $made, $state ) = @_;
    my ( @locked, @hidden );
    for my $pair ( @{ _list( $v->{hash} ) } ) {
        my ( $k, $value, $flag ) = @{ _list($pair) };
        my $key = ref $k eq 'HASH' ? _characters($k) : _bytes($k);
        push @locked, $key if defined $flag && $flag eq 'locked';
        if ( defined $flag && $flag eq 'placeholder' ) { push @hidden, $key; next }
        _fill( $value, \$made->{$key}, $state );
    }
    return unless $v->{restricted} && ${ $v->{restricted} };
    push @{ $state->{restrict} }, sub {
        Hash::Util::legal_ref_keys($made);
        Hash::Util::lock_ref_keys( $made, keys %$made, @hidden );
        Hash::Util::lock_ref_value( $made, $_ ) for @locked;
    };
    return;
}

sub _seen {
    my ( $v, $state ) = @_;
    my $n = _number( $v->{seen} );
    return $state->{seen}{$n} || PerlPeer::Error->usage("seen $n comes before id $n");
}

sub _number {
    my ($n) = @_;
    defined $n && !ref $n && $n =~ /\A[1-9]\d*\z/ or PerlPeer::Error->usage('an id is an integer from 1');
    return $n;
}

sub _list {
    my ($l) = @_;
    ref $l eq 'ARRAY' or PerlPeer::Error->usage('array and hash hold a list');
    return $l;
}

sub _class {
    my ($v) = @_;
    my $class = $v->{class};
    return _bytes( $class->{b} ) if ref $class eq 'HASH' && length $class->{b};
    defined $class && !ref $class && length $class or PerlPeer::Error->usage('class is a string, or {"b": octets}');
    utf8::encode( my $octets = $class );    # text, whatever Perl holds it as
    return $octets;
}

sub _string {
    my ($s) = @_;
    defined $s && !ref $s or PerlPeer::Error->usage('a string is missing');
    return "$s";
}

sub _integer {
    my $s = _string( $_[0] );
    $s =~ /\A-?\d+\z/ or PerlPeer::Error->usage("'$s' is not an integer");
    0 + $s eq $s or PerlPeer::Error->usage("'$s' does not fit an integer of Perl");
    return 0 + $s;    # afresh: comparing the other as a string has made it one
}

sub _double {
    my $s = _string( $_[0] );
    return 9**9**9          if $s eq 'Inf';
    return -9**9**9         if $s eq '-Inf';
    return unpack 'd', pack 'd', 9**9**9 - 9**9**9 if $s eq 'NaN';
    $s =~ /\A-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?\z/ or PerlPeer::Error->usage("'$s' is not a number");
    my $n = unpack 'd', pack 'd', $s;
    return $s =~ /\A-/ && $n == 0 ? unpack 'd', pack 'Q', 1 << 63 : $n;
}

sub _bytes {
    my $s = _string( $_[0] );
    utf8::downgrade( $s, 1 ) or PerlPeer::Error->usage('b holds a character above U+00FF, which is no octet');
    return $s;
}

sub _characters {
    my ($v) = @_;
    my $s;
    if ( exists $v->{u} ) {
        $s = _bytes( $v->{u} );
        utf8::decode($s) or PerlPeer::Error->usage('u is not UTF-8, not even in Perl\'s sense');
    }
    else { $s = _string( $v->{t} ) }
    utf8::upgrade($s);
    return $s;
}

sub _code {
    my $source = _string( $_[0] );
    my $code   = _compile($source);
    return $code || PerlPeer::Error->usage("this is not the source of a sub: $@");
}

sub _regexp {
    my ($v) = @_;
    my $pattern = _string( $v->{regexp} );
    my $modifiers = exists $v->{modifiers} ? _string( $v->{modifiers} ) : '';
    $modifiers =~ /\A[msixxnpaadlu]*\z/ or PerlPeer::Error->usage("'$modifiers' are no modifiers of a regexp");
    my $re = eval "qr/\$pattern/$modifiers";
    return $re || PerlPeer::Error->usage("this is not a regexp: $@");
}

sub _vstring {
    my ($v) = @_;
    my $literal = exists $v->{literal} ? _string( $v->{literal} ) : '';
    return eval $literal if $literal =~ /\A(?:v\d+(?:[._]\d+)*|\d+\.\d+(?:\.\d+)+)\z/;
    return _bytes( $v->{vstring} );
}

1;
