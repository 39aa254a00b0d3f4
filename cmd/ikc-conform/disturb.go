package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/relay"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// disturbing is what a relay is to do to what it passes on, by flags and by a file that may change.
type disturbing struct {
	values   map[string]*string
	path     string
	fixed    relay.Disturbance // by flags
	now      relay.Disturbance
	last     []byte // what the file had
	lastText string // what went wrong with it
}

func (d *disturbing) flags(c *cobra.Command) {
	d.values = map[string]*string{}
	for _, w := range relay.Words() {
		d.values[w.Name] = c.Flags().String(w.Name, w.Off, w.Text+" (`"+w.Kind+"`)")
	}
	c.Flags().StringVar(&d.path, "disturb", "", "take these words from a `FILE` as well, whenever it changes")
}

// begin reads flags and file.
func (d *disturbing) begin(c *cobra.Command) error {
	for _, w := range relay.Words() {
		if !given(c, w.Name) {
			continue
		}
		if err := d.fixed.Set(w.Name, *d.values[w.Name]); err != nil {
			return fmt.Errorf("--%w", err)
		}
	}
	d.now = d.fixed
	_, err := d.read()
	return err
}

// maxDisturb bounds the file, in octets.
const maxDisturb = 64 << 10

// read reads the file, if there is one. changed: it says something else than before.
func (d *disturbing) read() (changed bool, err error) {
	if d.path == "" {
		return false, nil
	}
	f, err := os.Open(d.path)
	var text []byte
	if err == nil {
		text, err = io.ReadAll(io.LimitReader(f, maxDisturb))
		_ = f.Close()
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, broken(fmt.Errorf("--disturb: %w", err))
	}
	if bytes.Equal(text, d.last) {
		return false, nil
	}
	d.last = text
	now, err := d.fixed.Read(bytes.NewReader(text))
	if err != nil {
		return false, fmt.Errorf("--disturb %s: %w", d.path, err)
	}
	before := d.now.String()
	d.now = now
	return now.String() != before, nil
}

// disturb has the relay do it, and says so.
func (d *disturbing) disturb(r *relay.Relay, told io.Writer) {
	if text := d.now.String(); text != "nothing" {
		d.tell(r, told, text)
	}
}

func (d *disturbing) tell(r *relay.Relay, told io.Writer, text string) {
	fmt.Fprintf(told, "disturbing from now on: %s\n", text)
	r.Disturb(d.now.Fault, "the relay disturbs from here on, as it was told: "+text)
}

// again looks whether the file has changed. What is wrong with it is said once, and nothing changes
// then.
func (d *disturbing) again(r *relay.Relay, told, errs io.Writer) {
	changed, err := d.read()
	switch {
	case err != nil:
		if text := visible.Error(err); text != d.lastText {
			d.lastText = text
			fmt.Fprintf(errs, "ikc-conform: %s; as before\n", text)
		}
	case changed:
		d.lastText = ""
		d.tell(r, told, d.now.String())
	}
}
