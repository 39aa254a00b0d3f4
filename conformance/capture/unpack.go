package capture

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/therootcompany/xz"
)

// The first four octets of compressed files, of which gzip has only two.
const (
	gzipMagic = 0x1f8b
	zstdMagic = 0x28b52ffd
	xzMagic   = 0xfd377a58
)

// The memory that decompression takes is what the file asks for, up to these. They are enough for
// what "zstd --long" and "xz -9" make; gzip needs 32 KiB.
const (
	maxZstdWindow    = 128 << 20
	maxXZDictionary  = 64 << 20
	unpackedReadSize = 64 << 10
)

// unpacker decompresses a file.
type unpacker struct {
	name   string
	packed *source
	out    io.Reader
}

// unpack returns what a file decompresses to that begins with magic, nil if it is not compressed.
func unpack(packed *source, magic uint32) (io.Reader, error) {
	u := &unpacker{packed: packed}
	var err error
	switch {
	case magic>>16 == gzipMagic:
		u.name = "gzip"
		u.out, err = gzip.NewReader(packed)
	case magic == zstdMagic:
		u.name = "zstd"
		// One goroutine: with more, somebody would have to end them.
		u.out, err = zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxZstdWindow))
	case magic == xzMagic:
		u.name = "xz"
		u.out, err = xz.NewReader(packed, maxXZDictionary)
	default:
		return nil, nil
	}
	if err != nil {
		return nil, u.explain(err)
	}
	return u, nil
}

// Read implements io.Reader.
func (u *unpacker) Read(p []byte) (int, error) {
	// A large piece would be decompressed to its end before anything of it is looked at.
	n, err := u.out.Read(p[:min(len(p), unpackedReadSize)])
	if err != nil && !errors.Is(err, io.EOF) {
		err = u.explain(err)
	}
	return n, err
}

// explain says what is wrong with the file, by where it is in the compressed one.
func (u *unpacker) explain(err error) error {
	if failed := u.packed.err; failed != nil && !errors.Is(failed, io.EOF) {
		return failed
	}
	at := u.packed.offset
	switch {
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return &FormatError{Offset: at, Expected: fmt.Sprintf("zstd with a window of at most %d MiB", maxZstdWindow>>20),
			Got: "a larger one: decompress it with 'zstd -d --long=31'"}
	case errors.Is(err, xz.ErrMemlimit):
		return &FormatError{Offset: at, Expected: fmt.Sprintf("xz with a dictionary of at most %d MiB", maxXZDictionary>>20),
			Got: "a larger one: decompress it with 'xz -d'"}
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, xz.ErrBuf) && u.packed.err != nil:
		return &TruncatedError{Offset: at, Size: u.packed.end(), Expected: "more of the " + u.name + " stream"}
	}
	return &FormatError{Offset: at, Expected: u.name + " data", Got: "damage: " + err.Error()}
}

// Read gives what peek would show, for what reads the file instead of the source's owner.
func (s *source) Read(p []byte) (int, error) {
	b, err := s.peek(1)
	if len(b) == 0 {
		return 0, err
	}
	n := copy(p, s.buf[s.lo:s.hi])
	s.skip(n)
	return n, nil
}
