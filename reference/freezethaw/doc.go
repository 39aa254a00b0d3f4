// Package freezethaw reads and writes the text of Perl's FreezeThaw module (CPAN, version 0.5001),
// one of the serializers of POE::Component::IKC.
//
// The text starts with "FrT;" and holds a list of values, each starting with a letter of its own:
//
//	_                    undef
//	$<n>|<n characters>  a string; all numbers are strings
//	@<n>|<n values>      a reference to an array
//	%<n>|<n values>      a reference to a hash: the keys, sorted, then their values
//	\<value>             a reference to a scalar
//	/<n>|<n characters>  a regexp, as Perl shows it: (?^i:a.b)
//	><class><value>      an object: what it is, blessed
//	<<n>|                a reference to the n-th of the things that are referred to more than once
//	><n>|$<m>|<name>     a class, the first time; )<n>| from then on
//
// The things that are referred to more than once come first, after "!" and the number of the last:
// each empty, an object after "{" and its class; then each with its contents, an object after "}"
// and its class.
//
// # What Perl is turned into
//
//	undef, holes                          undef
//	Bytes                                 Bytes
//	Text                                  Bytes if it fits Latin-1, else an error; see Options.UTF8
//	Int, Uint, Double, Bool, VString      Bytes
//	references to arrays, hashes, scalars the same; weak ones become strong
//	Regexp                                Regexp with the pattern (?^i:a.b), without modifiers or class
//	Code, Tied, Hooked                    an error, as Perl cannot read them or not write them
//
// Shared references and cycles survive; a reference to an element of an array or hash
// becomes one to a copy of it, as in Perl. Hashes lose the order of their pairs, and locks. A
// regexp is written wherever it stands: Perl's thaw makes one that matches anything of a regexp
// that is referred to more than once.
//
// [Freeze] and [Thaw] do it with the defaults; [Options.Codec] makes a [Codec] with others. Errors
// are *[Error], which matches one of the sentinels, and *[LimitError].
//
// # Limits
//
//	Option       Default     Error
//	MaxDepth     10,000      *LimitError
//	MaxElements  16,777,216  *LimitError
//	MaxString    256 MiB     *LimitError
//	MaxAlloc     1 GiB       *LimitError
//	MaxText      256 MiB     *LimitError
//
// A count is compared with the octets left, less those that the containers around have still to
// get, before anything is allocated. So whatever the limits, a text makes Thaw allocate no more
// than 64 times its size plus 256 KiB; the worst known has regexps that are referred to more than
// once, 51 times. What MaxAlloc counts is at least four fifths of what is allocated.
//
// MaxText bounds what Freeze writes, and is looked at before it is written: a string that stands in
// very many Values may be as much as that. Beside the text, Freeze allocates up to 48 octets for
// each thing that is referred to.
//
// What is nested deeper than 500 levels is read and written in a goroutine of its own, so that the
// stack for it, up to 8 MiB at 10,000 levels, is given back at once.
//
// Source: FreezeThaw.pm 0.5001, subs freeze, thaw, freezeScalar and thawScalar.
package freezethaw
