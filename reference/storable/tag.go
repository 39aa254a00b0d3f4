package storable

import "fmt"

// tag is the octet that starts every object of an image. Names and numbers are those of
// Storable.xs.
type tag byte

const (
	tagObject       tag = iota // index (4, big-endian): an object stored earlier
	tagLScalar                 // length (4), octets
	tagArray                   // count (4), elements
	tagHash                    // count (4), then value, key length (4), key octets
	tagRef                     // object
	tagUndef                   //
	tagInteger                 // native IV
	tagDouble                  // native NV
	tagByte                    // octet, minus 128
	tagNetint                  // 4 octets, big-endian
	tagScalar                  // length (1), octets
	tagTiedArray               // object
	tagTiedHash                // object
	tagTiedScalar              // object
	tagSVUndef                 // Perl's own undef; in an array, a hole
	tagSVYes                   // Perl's own true
	tagSVNo                    // Perl's own false
	tagBless                   // length (1, or 0x80 and 4), class, object
	tagIxBless                 // index (1, or 0x80 and 4), object
	tagHook                    // see hook.go
	tagOverload                // object
	tagTiedKey                 // object, key object
	tagTiedIdx                 // object, index (4)
	tagUTF8Str                 // length (1), UTF-8
	tagLUTF8Str                // length (4), UTF-8
	tagFlagHash                // flags (1), count (4), then value, key flags (1), key length (4), key octets
	tagCode                    // a string tag with the source text
	tagWeakRef                 // object
	tagWeakOverload            // object
	tagVString                 // length (1), literal, then a string tag
	tagLVString                // length (4), literal, then a string tag
	tagSVUndefElem             // an element of an array that is Perl's own undef
	tagRegexp                  // flags (1), length (1 or 4), pattern, length (1), modifiers
	tagLObject                 // a tag, for tagFlagHash its flags, length or count (8), the rest as of the tag
	tagTrue                    // a boolean that is true
	tagFalse                   // a boolean that is false
	tagLast                    // the first number without a meaning
)

var tagNames = [tagLast]string{"OBJECT", "LSCALAR", "ARRAY", "HASH", "REF", "UNDEF", "INTEGER", "DOUBLE", "BYTE",
	"NETINT", "SCALAR", "TIED_ARRAY", "TIED_HASH", "TIED_SCALAR", "SV_UNDEF", "SV_YES", "SV_NO", "BLESS", "IX_BLESS",
	"HOOK", "OVERLOAD", "TIED_KEY", "TIED_IDX", "UTF8STR", "LUTF8STR", "FLAG_HASH", "CODE", "WEAKREF", "WEAKOVERLOAD",
	"VSTRING", "LVSTRING", "SVUNDEF_ELEM", "REGEXP", "LOBJECT", "BOOLEAN_TRUE", "BOOLEAN_FALSE"}

func (t tag) String() string {
	if t < tagLast {
		return "SX_" + tagNames[t]
	}
	return fmt.Sprintf("tag %d", byte(t))
}

// Flags of hashes, keys, hooks and regexps, as in Storable.xs.
const (
	hashRestricted = 0x01

	keyUTF8        = 0x01
	keyWasUTF8     = 0x02
	keyLocked      = 0x04
	keyIsSV        = 0x08
	keyPlaceholder = 0x10

	hookTypeMask      = 0x03
	hookLargeClass    = 0x04
	hookLargeString   = 0x08
	hookLargeList     = 0x10
	hookIndexedClass  = 0x20
	hookRecurse       = 0x40
	hookHasList       = 0x80
	hookTypeExtra     = 3
	hookExtraFirst    = 4 // the extra octet of a tied scalar; array and hash follow
	regexpLongPattern = 0x01
	blessLong         = 0x80
	maxShortClass     = 127
	maxShortString    = 255
	fileMagic         = "pst0"
	oldFileMagic      = "perl-store"
	major             = 2
	minorWritten      = 11
	minorKnown        = 12
	largeLength       = 1<<31 - 1 // beyond it, SX_LOBJECT
	minorOfNVSize     = 2         // the minor version whose native header has the size of a double
	majorWithoutTags  = 1         // the major version that stopped writing an address before each object
	majorWithMinor    = 2         // the major version that started writing a minor one
	endOfObject       = 'X'       // before major 2
	oldClass          = 'b'
	oldLongClass      = 'B'
	oldItem           = 'i'
	oldUndefItem      = 'I'
	oldKey            = 'k'
	oldHashValue      = 'v'
	oldUndefHashValue = 'V'
)
