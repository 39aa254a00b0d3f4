package PerlPeer::JSON;

# JSON for the driver protocol. JSON::PP is a core module, but reads strings a character at a time
# and gives up at 512 levels; a line of the driver protocol may have 16 MiB and a Perl value many
# levels. decode() keeps what the protocol needs kept apart: true and false are the constants TRUE and
# FALSE, strings are characters, numbers become numbers.

use strict;
use warnings;
no warnings 'recursion';

use B ();
use PerlPeer::Error;

our $TRUE  = bless \( my $t = 1 ), 'PerlPeer::JSON::Boolean';
our $FALSE = bless \( my $f = 0 ), 'PerlPeer::JSON::Boolean';

sub boolean { return $_[0] ? $TRUE : $FALSE }
sub is_boolean { return ref $_[0] eq 'PerlPeer::JSON::Boolean' }

# raw marks text that is JSON already.
sub raw { my ($text) = @_; return bless \$text, 'PerlPeer::JSON::Raw' }

my %SHORT = ( '"' => '\\"', '\\' => '\\\\', "\n" => '\\n', "\r" => '\\r', "\t" => '\\t' );

# string writes a JSON string in ASCII.
sub string {
    my ($s) = @_;
    $s =~ s/(["\\\n\r\t])/$SHORT{$1}/g;
    $s =~ s/([^\x20-\x7e])/_escape(ord $1)/ge;
    return qq("$s");
}

sub _escape {
    my ($c) = @_;
    return sprintf '\\u%04x', $c if $c < 0x10000;
    $c -= 0x10000;
    return sprintf '\\u%04x\\u%04x', 0xd800 + ( $c >> 10 ), 0xdc00 + ( $c & 0x3ff );
}

sub encode {
    my ($v) = @_;
    return 'null' unless defined $v;
    if ( my $type = ref $v ) {
        return $$v if $type eq 'PerlPeer::JSON::Raw';
        return $$v ? 'true' : 'false' if $type eq 'PerlPeer::JSON::Boolean';
        return '[' . join( ',', map { encode($_) } @$v ) . ']' if $type eq 'ARRAY';
        return '{' . join( ',', map { string($_) . ':' . encode( $v->{$_} ) } sort keys %$v ) . '}'
            if $type eq 'HASH';
        return string("$v");
    }
    my $sv    = B::svref_2object( \$v );
    my $flags = $sv->can('FLAGS') ? $sv->FLAGS : 0;
    return "$v" if !( $flags & B::SVf_POK() ) && $flags & ( B::SVf_IOK() | B::SVf_NOK() ) && $v =~ /\A-?\d/;
    return string($v);
}

my %UNESCAPE = ( b => "\b", f => "\f", n => "\n", r => "\r", t => "\t", '/' => '/', '\\' => '\\', '"' => '"' );

# decode reads one JSON text given in octets.
sub decode {
    my ($octets) = @_;
    my $text = $octets;
    utf8::decode($text) or PerlPeer::Error->usage('the line is not UTF-8');
    for ($text) {    # pos() belongs to $_ from here on
        my $v = _value();
        /\G\s*/gc;
        _bad('the end of the line') if ( pos || 0 ) < length;
        return $v;
    }
}

sub _bad {
    my ($expected) = @_;
    PerlPeer::Error->usage( sprintf 'JSON: expected %s at character %d', $expected, pos || 0 );
}

sub _value {
    /\G\s*/gc;
    return _string() if /\G"/gc;
    if (/\G\{/gc) {
        my %h;
        /\G\s*/gc;
        return \%h if /\G\}/gc;
        while (1) {
            /\G\s*"/gc or _bad('a name');
            my $k = _string();
            /\G\s*:/gc or _bad("':'");
            $h{$k} = _value();
            /\G\s*/gc;
            next      if /\G,/gc;
            return \%h if /\G\}/gc;
            _bad("',' or '}'");
        }
    }
    if (/\G\[/gc) {
        my @a;
        /\G\s*/gc;
        return \@a if /\G\]/gc;
        while (1) {
            push @a, _value();
            /\G\s*/gc;
            next      if /\G,/gc;
            return \@a if /\G\]/gc;
            _bad("',' or ']'");
        }
    }
    return $TRUE  if /\Gtrue\b/gc;
    return $FALSE if /\Gfalse\b/gc;
    return undef  if /\Gnull\b/gc;
    return 0 + $1 if /\G(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?)/gc;
    _bad('a value');
}

# _string reads a string whose opening quote has been read.
sub _string {
    my $s = '';
    while (1) {
        if    (/\G([^"\\\x00-\x1f]+)/gc) { $s .= $1 }
        elsif (/\G"/gc)                  { return $s }
        elsif (/\G\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})/gc) {
            $s .= chr 0x10000 + ( ( hex($1) & 0x3ff ) << 10 ) + ( hex($2) & 0x3ff );
        }
        elsif (/\G\\u([0-9a-fA-F]{4})/gc)  { $s .= chr hex $1 }
        elsif (/\G\\([bfnrt\/\\"])/gc)     { $s .= $UNESCAPE{$1} }
        else                               { _bad('the rest of a string') }
    }
}

1;
