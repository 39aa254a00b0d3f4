package storable

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// thawImages thaws images that stand one behind the other, and shows them.
func thawImages(t *testing.T, dec *Decoder, images []byte) (list []string, err error) {
	t.Helper()
	for v, e := range dec.Images(images) {
		if e != nil {
			if err != nil || v != nil {
				t.Errorf("got %v, %v after an error", v, e)
			}
			err = e
			continue
		}
		list = append(list, fmt.Sprint(v))
	}
	return list, err
}

// TestImagesOfPerl: what Perl writes to one file by store_fd is read.
func TestImagesOfPerl(t *testing.T) {
	path, err := exec.LookPath("perl")
	if err != nil {
		t.Skip("no perl to write the images")
	}
	out, err := exec.Command(path, "-MStorable=store_fd,nstore_fd", "-e",
		`binmode STDOUT; nstore_fd([1, "two"], \*STDOUT); store_fd({a => 1 << 40}, \*STDOUT); my $x = "x"; nstore_fd([\$x, \$x], \*STDOUT)`).Output()
	if err != nil {
		t.Fatal(err)
	}
	list, err := thawImages(t, defaultDecoder, out)
	if want := `[1, 'two'] {a => 1099511627776} [\'x', $VAR1->[0]]`; err != nil || strings.Join(list, " ") != want {
		t.Errorf("got %s, %v; want %s", strings.Join(list, " "), err, want)
	}
}

// TestImages: each image has the limits for itself, however many there are, and however long.
func TestImages(t *testing.T) {
	one, err := Freeze(perl.ArrayRef(perl.NewBytes(strings.Repeat("x", 1000)), perl.NewInt(1)))
	if err != nil {
		t.Fatal(err)
	}
	dec, err := ThawOptions{MaxAlloc: 4000, MaxElements: 3}.Decoder()
	if err != nil {
		t.Fatal(err)
	}
	const many = 1000
	all := bytes.Repeat(one, many)
	if list, err := thawImages(t, dec, all); err != nil || len(list) != many {
		t.Errorf("got %d images, %v", len(list), err)
	}
	list, err := thawImages(t, dec, all[:len(all)-1])
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, ErrTruncated) || len(list) != many-1 || e.Offset < len(all)-len(one) {
		t.Errorf("cut: got %d images, %v", len(list), err)
	}
	large, err := Freeze(perl.ArrayRef(perl.NewInt(1), perl.NewInt(2), perl.NewInt(3)))
	if err != nil {
		t.Fatal(err)
	}
	var l *LimitError
	list, err = thawImages(t, dec, append(one[:len(one):len(one)], large...))
	if !errors.As(err, &l) || l.Limit != "MaxElements" || len(list) != 1 || l.Offset < len(one) {
		t.Errorf("too large: got %d images, %v", len(list), err)
	}
	if list, err := thawImages(t, dec, nil); err != nil || list != nil {
		t.Errorf("none: got %v, %v", list, err)
	}
	for range dec.Images(all) {
		break
	}
}
