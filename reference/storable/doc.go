// Package storable reads and writes the images of Perl's Storable module: what freeze, nfreeze,
// store and nstore make. It runs no Perl and nothing of what an image says; hooks, code and tied
// variables are data to it.
//
//	v, err := storable.Thaw(image)       // a reference to what was frozen, like Perl's thaw
//	image, err := storable.Freeze(v)     // like Perl's nfreeze, octet by octet
//	err := storable.Unmarshal(image, &x) // into Go values, by reflection
//	image, err := storable.Marshal(x)
//	err := storable.Dump(os.Stdout, image)
//
// Options for reading and writing are checked once, into a [Decoder] or an [Encoder], which are
// safe for concurrent use:
//
//	dec, err := storable.ThawOptions{MaxDepth: 100, Code: storable.Reject}.Decoder()
//	v, err := dec.Thaw(image)
//
// # Perl and Go
//
// Trees of [perl.Value] carry everything that an image does: identity, sharing and cycles, weak
// references, holes, the flags of hash keys. Every SV of the image is one Value. Marshal and
// Unmarshal convert as the functions of that name in package perl do.
//
//	Tag                                  Perl                           perl.Value
//	SX_UNDEF                             undef                          Undef
//	SX_SV_UNDEF                          Perl's own undef; as element   Undef, Immortal; nil
//	                                     a hole
//	SX_SVUNDEF_ELEM                      Perl's own undef as element    Undef, Immortal
//	SX_SV_YES, SX_SV_NO                  Perl's own true and false      Bool, Immortal
//	SX_BOOLEAN_TRUE, SX_BOOLEAN_FALSE    a boolean                      Bool
//	SX_BYTE, SX_NETINT, SX_INTEGER       an integer                     Int
//	SX_DOUBLE                            a floating point number        Double
//	SX_SCALAR, SX_LSCALAR                a string of octets             Bytes
//	SX_UTF8STR, SX_LUTF8STR              a string of characters         Text
//	SX_REF, SX_OVERLOAD                  a reference                    Ref, Overloaded
//	SX_WEAKREF, SX_WEAKOVERLOAD          a weak reference               Ref, Weak, Overloaded
//	SX_ARRAY                             an array                       Array
//	SX_HASH, SX_FLAG_HASH                a hash                         Hash, Restricted, KeyFlags
//	SX_BLESS, SX_IX_BLESS                an object                      Class of what is blessed
//	SX_HOOK                              an object that froze itself    Hooked
//	SX_TIED_SCALAR, _ARRAY, _HASH        a tied variable                Tied
//	SX_TIED_KEY, SX_TIED_IDX             an element of one              Tied
//	SX_CODE                              a sub                          Code: its source
//	SX_REGEXP                            a compiled pattern             Regexp, blessed
//	SX_VSTRING, SX_LVSTRING              a version string               VString
//	SX_OBJECT                            an SV seen before              the same *Value
//	SX_LOBJECT                           a large array, hash, string,   as above
//	                                     hook or index
//
// As Perl does, Freeze writes a Double without a fraction below 2^53 as an integer, and in network
// order other doubles with 15 digits and integers beyond 32 bits as strings. Booleans are written
// as Perl 5.36 does, as "1" and "", unless FreezeOptions.Booleans is set. Thawing and freezing
// again gives the same octets for all that Perl's own thaw and freeze reproduce, and also for code
// and hooks, for whose classes Perl would need the modules.
//
// # Versions
//
//	Version  Perl         What it brought                          Read  Written
//	0.1-0.5  5.004        major 0: addresses in front of SVs       yes   no
//	0.6      5.005        major 1: indices                         yes   no
//	2.0-2.4  5.6          major 2: classes first, hooks, UTF-8     yes   2.4
//	2.5      5.8.0        UTF-8 keys, locked hashes                yes   yes
//	2.6      5.8          code                                     yes   yes
//	2.7      5.8.8-5.12   weak references                          yes   yes
//	2.8      5.14-5.16    UTF-8 code                               yes   yes
//	2.9      5.18         v-strings                                yes   yes
//	2.10     5.20-5.26    undef elements told from holes           yes   yes
//	2.11     5.28 on      large objects; later regexps, booleans   yes   yes
//	2.12     5.38 on      booleans (written under 2.11)            yes   no
//
// A later minor version is read as long as its tags are known. Images are in network order or
// native: in either byte order, with integers and pointers of 4 or 8 octets, and doubles of 8, 12
// (x87) or 16 octets (x87 or quadruple, told apart by the padding); see [Layout].
//
// # Limits
//
//	Option       Default      Least  Most           Error
//	MaxDepth     10,000       1      100,000        *LimitError
//	MaxElements  16,777,216   1      2,147,483,647  *LimitError
//	MaxString    256 MiB      1      1 TiB          *LimitError
//	MaxAlloc     1 GiB        1      1 TiB          *LimitError
//	Classes      all                                *Error with ErrForbidden
//	Code, Tied,  allow                              *Error with ErrForbidden
//	Hooks
//
// A count or length is compared with the octets left, less those that the containers around have
// still to get, before anything is allocated. So whatever the limits, an image makes Thaw allocate
// no more than 64 times its size plus 256 KiB; the worst known is a tree of SX_TIED_KEY, 57 times.
// Unmarshal may allocate 160 times the size of the image, and is bounded as perl.Unmarshal is. What
// MaxAlloc counts is what stays: the truth is at most a quarter more.
//
// The images that Freeze writes have FreezeOptions.MaxImage octets at most. They are no longer than
// what they are made of, but if strings of Go stand in more than one Value: then the limit ends the
// writing. Freeze allocates beside the image up to 24 octets for each Value.
//
// Perl's own Storable has a limit for what it freezes only: 512 arrays, or 256 hashes, one in the
// other (Debian's 5.32 to 5.42, $Storable::recursion_limit and $Storable::recursion_limit_hash). It
// thaws what is deeper, so a Perl peer may get what it cannot pass on: MaxDepth of FreezeOptions is
// the way to send no such thing; an array takes two levels of it, the reference and itself.
//
// What is nested deeper than 500 levels is read and written in a goroutine of its own, so that the
// stack for it, up to 8 MiB at 10,000 levels, is given back at once.
//
// Trailing
// octets, truncation, indices of nothing, impossible counts and duplicate hash keys are errors with
// their offset, although Perl says nothing to most of them.
//
// # Without package unsafe
//
// This package and perl use package unsafe: a perl.Value is 24 octets with one pointer, strings may
// be parts of the image, and Unmarshal writes to Go variables by their address. With the build tag
// ikc_nounsafe nothing under this module's reference/ imports it. All does the same then, but takes
// more memory (80 times the size of an image instead of 64) and more time.
//
// # Speed
//
// It thaws and freezes records 1.6 to 6 times as fast as Perl's Storable, which is written in C:
// docs/benchmarks.md in this module,
// https://github.com/perl-ikc/ikc-conform/blob/main/docs/benchmarks.md.
//
// # Where Perl differs
//
// Perl 5.36 itself loses, and this package keeps: the UTF-8 of patterns and class names, classes of
// code references, the lock of an empty hash, the UTF-8 flag of an empty string.
//
// Source of the format: Storable.xs of Storable 2.x to 3.37 and the images of Storable 3.26.
package storable
