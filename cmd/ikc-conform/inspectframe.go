package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/internal/outfile"
	"github.com/perl-ikc/ikc-conform/internal/visible"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
)

// frameChoice is the frame that inspect is to show, and how.
type frameChoice struct {
	number  int
	side    string
	dump    bool
	extract string
	force   bool
}

func (f *frameChoice) flags(c *cobra.Command) {
	c.Flags().IntVar(&f.number, "frame", 0, "only the frame of this number, whole; of both sides, unless --side says which")
	c.Flags().StringVar(&f.side, "side", "both", "the side that sent the frame: client, server or both")
	c.Flags().BoolVar(&f.dump, "dump", false, "with --frame: the image tag by tag, with offsets and octets")
	c.Flags().StringVar(&f.extract, "extract", "", "with --frame: write the image to a new file, which only you can read")
	c.Flags().BoolVar(&f.force, "force", false, "with --extract: overwrite a file that is there")
}

func (f *frameChoice) asked() bool { return f.number != 0 }

func (f *frameChoice) check(cmd *cobra.Command) error {
	switch {
	case cmd.Flags().Changed("frame") && f.number < 1:
		return fmt.Errorf("--frame %d: expected a number that inspect shows, from 1", f.number)
	case !f.asked() && (f.dump || f.extract != "" || cmd.Flags().Changed("side")):
		return errors.New("--dump, --extract and --side are about one frame: say which with --frame N, the number that inspect shows after #")
	}
	if f.force && f.extract == "" {
		return errors.New("--force is about the file of --extract: add that")
	}
	_, err := parseSides(f.side)
	return err
}

// show looks for the frame in every connection that is wanted.
func (f *frameChoice) show(events dialogue.Source, out *bufio.Writer, connections []int) error {
	var found []*dialogue.Frame
	var at []*dialogue.Connection
	err := dialogue.ReadParts(events, dialogue.Options{}, dialogue.Window{}, func(p *dialogue.Part) {
		if len(connections) > 0 && !slices.Contains(connections, p.Conn.Index) {
			return
		}
		for _, item := range p.Items {
			fr, ok := item.(*dialogue.Frame)
			if ok && fr.Number == f.number && (f.side == "both" || f.side == fr.From.String()) && len(found) < maxFramesFound {
				found, at = append(found, fr), append(at, p.Connection)
			}
		}
	})
	if len(found) == 0 && err != nil {
		return fmt.Errorf("%w; no frame %d of %s before that", err, f.number, sideOf(f.side))
	}
	if len(found) == 0 {
		return &usageError{fmt.Sprintf("--frame %d: no such frame of %s in the capture; inspect without --frame shows their numbers", f.number, sideOf(f.side))}
	}
	if f.extract != "" {
		if len(found) > 1 {
			return &usageError{fmt.Sprintf("--extract: %d frames have the number %d: add --side client or --side server, or --connection", len(found), f.number)}
		}
		if err := f.write(found[0].Image); err != nil {
			return fmt.Errorf("frame %d is there, but --extract: %w", f.number, forceHint(err))
		}
		fmt.Fprintf(out, "%d octets written to %s\n", len(found[0].Image), visible.Text(f.extract))
	}
	for i, fr := range found {
		if f.extract != "" && !f.dump {
			break
		}
		if i > 0 {
			out.WriteString("\n")
		}
		f.print(out, at[i], fr)
	}
	return err
}

// write writes the image to the file of --extract.
func (f *frameChoice) write(image []byte) error {
	return outfile.Put(f.extract, mayOverwrite(f.force), image)
}

// maxFramesFound bounds how many frames of one number are shown: one or two for each connection.
const maxFramesFound = 100

func sideOf(side string) string {
	if side == "both" {
		return "either side"
	}
	return "the " + side
}

func (f *frameChoice) print(out *bufio.Writer, c *dialogue.Connection, fr *dialogue.Frame) {
	fmt.Fprintf(out, "connection %d, %s, frame %d: octet %d of its stream, packet %d, head %q, image of %d octets\n",
		c.Conn.Index, fr.From, fr.Number, fr.Offset, fr.At.Packet, fr.Head+"\x00", len(fr.Image))
	if !f.dump {
		if fr.Err != nil {
			fmt.Fprintf(out, "! %s\n", visible.Error(fr.Err))
		}
		if v := fr.Value(); v != nil {
			fmt.Fprintln(out, perl.Format(v, perl.FormatOptions{Indent: "  ", SortKeys: true}))
		}
		return
	}
	if len(fr.Image) == 0 || fr.Image[0] != 4 && fr.Image[0] != 5 {
		out.WriteString(hex.Dump(fr.Image)) // no Storable: text
	} else if err := dumpBeside(out, fr.Image); err != nil {
		fmt.Fprintf(out, "! %s\n", visible.Error(err))
	}
	if fr.Err != nil {
		fmt.Fprintf(out, "! %s\n", visible.Error(fr.Err))
	}
}

// hexBeside is how many octets are shown beside a tag.
const hexBeside = 12

// dumpBeside writes storable.Dump's lines with the octets that each is about.
func dumpBeside(out io.Writer, image []byte) error {
	var b bytes.Buffer
	err := storable.Dump(&b, image)
	lines := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
	offsets := make([]int, len(lines)+1)
	for i, line := range lines {
		// Dump starts each line with the offset in six columns or more.
		word, _, _ := strings.Cut(strings.TrimLeft(line, " "), " ")
		offsets[i], _ = strconv.Atoi(word)
	}
	offsets[len(lines)] = len(image)
	for i, line := range lines {
		start := min(offsets[i], len(image))
		octets := image[start:max(start, min(offsets[i+1], len(image)))]
		shown := fmt.Sprintf("% x", octets[:min(len(octets), hexBeside)])
		if len(octets) > hexBeside {
			shown += " .."
		}
		if _, err := fmt.Fprintf(out, "%-*s  %s\n", hexBeside*3+2, shown, line); err != nil {
			return err
		}
	}
	return err
}
