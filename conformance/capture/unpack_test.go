package capture

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

const realCapture = "../../captures/perl-server-perl-client-ikc.pcapng"

func readReal(t *testing.T) (file []byte, script_ string) {
	t.Helper()
	file, err := os.ReadFile(realCapture)
	must(t, err)
	script_, err = script(t, file, Limits{})
	must(t, err)
	return file, script_
}

func gzipped(t *testing.T, file []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(file)
	must(t, errors.Join(err, w.Close()))
	return b.Bytes()
}

func zstandard(t *testing.T, file []byte, opts ...zstd.EOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, opts...)
	must(t, err)
	_, err = w.Write(file)
	must(t, errors.Join(err, w.Close()))
	return b.Bytes()
}

// TestCompressed: what is compressed is read as the capture in it.
func TestCompressed(t *testing.T) {
	file, expected := readReal(t)
	xz, err := os.ReadFile("testdata/compressed/perl-server-perl-client-ikc.pcapng.xz")
	must(t, err)
	for name, packed := range map[string][]byte{
		"gzip": gzipped(t, file), "gzip of two pieces": append(gzipped(t, file[:5000]), gzipped(t, file[5000:])...),
		"zstd": zstandard(t, file), "xz": xz,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := script(t, packed, Limits{})
			must(t, err)
			if got != expected {
				t.Errorf("expected the conversation as without compression, got\n%s", got)
			}
			var cut *TruncatedError
			if _, err := script(t, packed[:len(packed)*2/3], Limits{}); !errors.As(err, &cut) {
				t.Errorf("cut: expected a TruncatedError, got %v", err)
			}
		})
	}
}

// TestCompressedBeyond: what would take too much memory, or is no capture, is refused by name.
func TestCompressedBeyond(t *testing.T) {
	file, _ := readReal(t)
	window := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 0x01, 0x00, 0x00} // 2^(10+21) octets
	for name, c := range map[string]struct {
		file []byte
		says string
	}{
		"window": {window, "zstd with a window of at most 128 MiB"},
		"dictionary": {[]byte("\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x1e\x00\x00\x00\x9b\x07\x51\x66\x01\x00\x08\x73\x6f\x6d\x65\x20\x74\x65" +
			"\x78\x74\x00\x00\x00\x00\x91\x80\x54\x63\xbb\x2f\x70\xaf\x00\x01\x21\x09\x6c\x18\xc5\xd5\x1f\xb6\xf3\x7d\x01\x00\x00\x00\x00\x04\x59\x5a"), "xz with a dictionary of at most 64 MiB"},
		"twice":         {gzipped(t, gzipped(t, file)), "compressed twice"},
		"modified pcap": {binary.BigEndian.AppendUint32(nil, pcapModifiedSwapped), "editcap -F pcapng"},
		"snoop":         {[]byte("snoop\x00\x00\x00"), "editcap -F pcapng"},
	} {
		_, err := script(t, c.file, Limits{})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: expected an error with %q, got %v", name, c.says, err)
		}
	}
}

// inParts makes files of a capture, of so many packets each.
func inParts(t *testing.T, file []byte, packets int) []File {
	t.Helper()
	var files []File
	var now bytes.Buffer
	flush := func() {
		octets := bytes.Clone(now.Bytes())
		files = append(files, File{Name: fmt.Sprint(len(files)), Again: true, Open: func() (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(octets)), nil
		}})
		now.Reset()
	}
	r, err := NewReader(bytes.NewReader(file))
	must(t, err)
	for {
		p, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		if now.Len() == 0 {
			now.Write(pcapHeader(p.LinkType))
		}
		now.Write(pcapRecord(p, p.Data))
		if p.Number%int64(packets) == 0 {
			flush()
		}
	}
	if now.Len() > 0 {
		flush()
	}
	return files
}

func pcapHeader(linkType int) []byte {
	b := make([]byte, pcapHeaderSize)
	binary.BigEndian.PutUint32(b, pcapNano)
	binary.BigEndian.PutUint16(b[4:], 2)
	binary.BigEndian.PutUint32(b[16:], 1<<18)
	binary.BigEndian.PutUint32(b[20:], uint32(linkType))
	return b
}

func pcapRecord(p *Packet, data []byte) []byte {
	b := make([]byte, pcapRecordSize, pcapRecordSize+len(data))
	binary.BigEndian.PutUint32(b, uint32(p.Time.Unix()))
	binary.BigEndian.PutUint32(b[4:], uint32(p.Time.Nanosecond()))
	binary.BigEndian.PutUint32(b[8:], uint32(len(data)))
	binary.BigEndian.PutUint32(b[12:], uint32(len(data)))
	return append(b, data...)
}

// events tells how many octets and gaps there are by direction of each connection.
func events(t *testing.T, r *Reader) string {
	t.Helper()
	var b strings.Builder
	octets := map[string]string{}
	var order []string
	for ev, err := range r.Events(Limits{}) {
		must(t, err)
		switch ev := ev.(type) {
		case *Data:
			k := fmt.Sprint(ev.Conn.Index, ev.From)
			if _, ok := octets[k]; !ok {
				order = append(order, k)
			}
			octets[k] += string(ev.Bytes)
		case *Gap, *Conflict:
			t.Errorf("expected neither gap nor conflict, got %+v", ev)
		}
	}
	for _, k := range order {
		fmt.Fprintf(&b, "%s %q\n", k, octets[k])
	}
	return b.String()
}

// TestFiles: the parts of a ring, in any order, and a capture of the same from elsewhere, are one
// conversation.
func TestFiles(t *testing.T) {
	file, _ := readReal(t)
	whole, err := NewReader(bytes.NewReader(file))
	must(t, err)
	expected := events(t, whole)
	parts := inParts(t, file, 7)
	if len(parts) <= maxTogether {
		t.Fatalf("expected more parts than may be open at once, got %d", len(parts))
	}
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	for name, files := range map[string][]File{
		"backwards": parts, "both ends": append(inParts(t, file, 50), inParts(t, file, 1000)...),
	} {
		r, err := OpenFiles(files)
		must(t, err)
		if got := events(t, r); got != expected {
			t.Errorf("%s: expected\n%s\ngot\n%s", name, expected, got)
		}
		must(t, r.Close())
	}
}

// TestFilesDamaged: a part that is cut is named, and the others are read.
func TestFilesDamaged(t *testing.T) {
	file, _ := readReal(t)
	parts := inParts(t, file, 20)
	in, err := parts[1].Open()
	must(t, err)
	octets, err := io.ReadAll(in)
	must(t, err)
	parts[1].Open = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(octets[:len(octets)-3])), nil }
	r, err := OpenFiles(parts)
	must(t, err)
	n := int64(0)
	for {
		var p *Packet
		if p, err = r.Next(); err != nil {
			break
		}
		n = p.Number
	}
	whole, _ := NewReader(bytes.NewReader(file))
	all := int64(0)
	for _, err := whole.Next(); err == nil; _, err = whole.Next() {
		all++
	}
	var cut *TruncatedError
	if !errors.As(err, &cut) || !strings.HasPrefix(err.Error(), "1: ") || n != all-1 {
		t.Errorf("expected all %d packets but one, and the file that is cut, got %d and %v", all, n, err)
	}
}

// TestFilesAtOnce: files that overlap in time are bounded.
func TestFilesAtOnce(t *testing.T) {
	file, _ := readReal(t)
	var files []File
	for range maxTogether + 1 {
		files = append(files, inParts(t, file, 1000)...)
	}
	r, err := OpenFiles(files)
	must(t, err)
	if _, err = r.Next(); err == nil || !strings.Contains(err.Error(), "mergecap") {
		t.Errorf("expected an error that names mergecap, got %v", err)
	}
	must(t, r.Close())
}
