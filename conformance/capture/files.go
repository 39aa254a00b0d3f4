package capture

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// maxTogether is how many files may overlap in time: as many are open at once, with what reading
// one takes.
const maxTogether = 16

// File is one of several files that are read as one capture.
type File struct {
	Name string
	// Open opens it. It is called a second time if Again says that the file can be read twice.
	Open  func() (io.ReadCloser, error)
	Again bool
}

// FileAt is the file of a path.
func FileAt(path string) File {
	info, err := os.Stat(path)
	return File{Name: path, Again: err == nil && info.Mode().IsRegular(), Open: func() (io.ReadCloser, error) { return os.Open(path) }}
}

// OpenFiles reads files as one capture: the parts of a ring, or what was captured at both ends of a
// link. Packets come in the order of time, and are numbered so; those of one file stay in its
// order. A file that is damaged is read up to there; the error comes when all files were read. The
// caller must Close the reader.
func OpenFiles(files []File) (*Reader, error) {
	m := &merged{several: len(files) > 1}
	r := &Reader{format: m, files: m, file: m}
	for _, f := range files {
		p := &filePart{File: f, index: int64(len(m.parts))}
		if err := p.open(); err != nil {
			return nil, errors.Join(err, m.Close())
		}
		m.parts = append(m.parts, p)
		if !p.advance(m) {
			continue
		}
		p.first = p.packet.Time
		if f.Again {
			if err := p.close(); err != nil {
				return nil, errors.Join(err, m.Close())
			}
		}
		m.waiting = append(m.waiting, p)
	}
	slices.SortStableFunc(m.waiting, func(a, b *filePart) int { return a.first.Compare(b.first) })
	return r, nil
}

// merged gives the packets of several files in the order of time.
type merged struct {
	parts   []*filePart
	waiting []*filePart // not begun yet, the earliest first
	begun   []*filePart // each with its next packet
	given   *filePart   // whose packet was given out last; it has to be advanced
	damage  error       // the first
	several bool        // so that errors have to say which file
}

// filePart is one of the files.
type filePart struct {
	File
	index  int64
	first  time.Time
	r      *Reader
	in     io.Closer
	packet *Packet // the next
	due    time.Time
	read   int64 // octets
}

// indexShift is where in a place of several files the number of the file begins.
const indexShift = 44

func (p *filePart) open() error {
	in, err := p.Open()
	if err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	r, err := NewReader(in)
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", p.Name, err), in.Close())
	}
	p.r, p.in = r, in
	return nil
}

func (p *filePart) close() error {
	if p.in == nil {
		return nil
	}
	in := p.in
	p.r, p.in, p.packet = nil, nil, nil
	return in.Close()
}

// advance goes to the next packet and tells whether there is one. A file that has ended is closed.
func (p *filePart) advance(m *merged) bool {
	next, err := p.r.Next()
	p.read = p.r.Offset()
	if err == nil {
		p.packet = next
		// Within a file, time does not go back: what does keeps its place.
		if next.Time.After(p.due) {
			p.due = next.Time
		}
		return true
	}
	if !errors.Is(err, io.EOF) && m.damage == nil {
		if m.damage = err; m.several {
			m.damage = fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	if err := p.close(); err != nil && m.damage == nil {
		m.damage = err
	}
	return false
}

// begin begins the files whose turn has come.
func (m *merged) begin() error {
	for len(m.waiting) > 0 && (len(m.begun) == 0 || !m.waiting[0].first.After(m.earliest().due)) {
		p := m.waiting[0]
		if len(m.begun) == maxTogether {
			return &FormatError{Expected: fmt.Sprintf("at most %d files at the same time of the capture", maxTogether),
				Got: "one more, " + p.Name + ": join them by 'mergecap -w OUT FILE...'"}
		}
		m.waiting = m.waiting[1:]
		if p.r == nil {
			if err := p.open(); err != nil {
				return err
			}
			if !p.advance(m) {
				continue
			}
		}
		m.begun = append(m.begun, p)
	}
	return nil
}

// earliest is the file whose packet is next.
func (m *merged) earliest() *filePart {
	return slices.MinFunc(m.begun, func(a, b *filePart) int {
		return cmp.Or(a.due.Compare(b.due), cmp.Compare(a.index, b.index))
	})
}

func (m *merged) next(_ *source, out *Packet) error {
	if p := m.given; p != nil {
		if m.given = nil; !p.advance(m) {
			m.begun = slices.DeleteFunc(m.begun, func(b *filePart) bool { return b == p })
		}
	}
	if m.damage != nil && errors.Is(m.damage, ErrStopped) {
		return m.damage
	}
	if err := m.begin(); err != nil {
		return err
	}
	if len(m.begun) == 0 {
		return cmp.Or(m.damage, io.EOF)
	}
	p := m.earliest()
	m.given = p
	*out = *p.packet
	out.dataAt += p.index << indexShift
	return nil
}

func (m *merged) meta() Meta {
	if m.given == nil {
		return Meta{}
	}
	return m.given.r.Meta()
}

// again returns octets that were read before, as those of a source.
func (m *merged) again(at int64, n int) []byte {
	p := m.parts[at>>indexShift]
	if p.r == nil {
		return nil
	}
	return p.r.src.again(at&(1<<indexShift-1), n)
}

// offset is how many octets of all files were read.
func (m *merged) offset() int64 {
	sum := int64(0)
	for _, p := range m.parts {
		sum += p.read
	}
	return sum
}

// Close closes what is open.
func (m *merged) Close() error {
	var errs []error
	for _, p := range m.parts {
		errs = append(errs, p.close())
	}
	return errors.Join(errs...)
}
