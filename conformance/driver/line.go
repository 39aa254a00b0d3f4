package driver

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// MaxLine is the most octets that a line may have, its LF not counted, unless [Options] says
// otherwise.
const MaxLine = 16 << 20

// lineReader cuts a stream into lines and never holds more than one.
type lineReader struct {
	r   *bufio.Reader
	max int
}

func newLineReader(r io.Reader, limit int) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(r, min(64<<10, limit+1)), max: limit}
}

// next returns the next line that is not blank, without its end. The slice is the caller's. An
// unfinished line before the end of the stream is a *LineError.
func (l *lineReader) next() ([]byte, error) {
	for {
		line, err := l.line()
		if err != nil {
			return nil, err
		}
		if line = bytes.TrimRight(line, "\r"); len(bytes.TrimSpace(line)) > 0 {
			return line, nil
		}
	}
}

func (l *lineReader) line() ([]byte, error) {
	var line []byte
	for {
		part, err := l.r.ReadSlice('\n')
		line = append(line, part...)
		if n := len(bytes.TrimSuffix(line, []byte("\n"))); n > l.max {
			return nil, lineError(fmt.Sprintf("a line of more than %d octets", l.max), line)
		}
		switch {
		case err == nil:
			return line[:len(line)-1], nil
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(bytes.TrimSpace(line)) > 0:
			return nil, lineError("the stream ends within a line", line)
		default:
			return nil, err
		}
	}
}
