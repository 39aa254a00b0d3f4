// Package dumper reads and writes the text of POE::Component::IKC::Freezer: what Data::Dumper makes
// of a value with Purity on, Indent 0 and its own variable name:
//
//	$POE::Component::IKC::Freezer::VAR1 = {'list' => [1,'two',undef],'self' => {}};
//	$POE::Component::IKC::Freezer::VAR1->{'self'} = $POE::Component::IKC::Freezer::VAR1;
//
// (in one line). Perl's own reader is eval, so it runs whatever a peer sends. This one is a parser
// of the language that Data::Dumper writes and evaluates nothing; what is outside of that language
// is an error with its position.
//
// # The language
//
//	text      = root "=" value ";" { place "=" value ";" }
//	root      = "$" name
//	place     = root { subscript } | "${" place-or-value "}" { subscript }
//	subscript = [ "->" ] ( "[" number "]" | "{" key "}" )
//	value     = "undef" | "!!1" | "!!0" | number | string | v-string | "[" values "]"
//	          | "{" key "=>" value, ... "}" | "\" value
//	          | "bless(" value "," string ")" | "qr/" pattern "/" modifiers | "sub" "{" string "}"
//	          | "do{my $o}" | "do{\(my $o =" value ")}" | place
//	string    = 'octets' | "characters with \x{} and the other escapes, without variables"
//
// White space may be anywhere between them, so that texts with Indent 1 to 3 are read as well.
//
// # What Perl is turned into
//
//	undef, holes              undef
//	Int of up to 10 octets    Int
//	other numbers             Bytes
//	!!1, !!0                  Bool, as Perl of 5.38 and later writes it; written 1 and '', for all Perls
//	Bytes                     Bytes
//	Text                      Text if it is beyond Latin-1, else Bytes, as Perl reads "\x{e9}"
//	arrays, hashes, scalars   the same, shared and in circles as they were; weak references become strong
//	objects                   the same
//	Regexp, VString           the same
//	Code                      read as sub { "DUMMY" }, which Perl writes for any; not written
//	Tied, Hooked              an error
//
// Text may have surrogates and code points beyond Unicode, as Perl's own may
// ([perl.AppendCharacter]); what is not UTF-8 even so is not written, but an error.
//
// Where Data::Dumper writes text that Perl cannot read back, this package writes other text that it
// can: for references to elements of arrays and hashes.
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
// Whatever the limits, a text makes Thaw allocate no more than 64 times its size plus 256 KiB; the
// worst known is a hash of version strings, 34 times. What MaxAlloc counts is at least four fifths
// of what is allocated. Reading takes time in proportion to the text, also if it assigns very often
// to places in large hashes.
//
// MaxText bounds what Freeze writes, and is looked at before it is written: a string that stands in
// very many Values may be as much as that, and so may paths to what is nested deeply. Beside the
// text, Freeze allocates up to 160 octets for each thing that is referred to.
//
// What is nested deeper than 500 levels is read and written in a goroutine of its own, so that the
// stack for it, up to 8 MiB at 10,000 levels, is given back at once.
//
// Source: POE::Component::IKC::Freezer 0.2402, subs freeze and thaw; Data::Dumper 2.184.
package dumper
