package wire_test

import (
	"fmt"
	"log"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Both sides of a negotiation. Over a connection, lines are written with AppendLine and read with a
// LineScanner.
func ExampleNegotiator() {
	client := wire.NewNegotiator(wire.NegotiatorConfig{Role: wire.Client, KernelID: "worker-1", Names: []string{"Worker"},
		Serializers: []string{"FreezeThaw", "Storable"}})
	server := wire.NewNegotiator(wire.NegotiatorConfig{Role: wire.Server, KernelID: "boss-1", Names: []string{"Boss"}, PID: "42",
		Serializers: []string{"Storable"}})
	from, to := client, server
	for lines := client.Start(); len(lines) > 0; from, to = to, from {
		var replies []string
		for _, line := range lines {
			fmt.Println(line)
			reply, err := to.Receive(line)
			if err != nil {
				log.Fatal(err)
			}
			replies = append(replies, reply...)
		}
		lines = replies
	}
	fmt.Println(client.Done(), client.Dialect(), client.Serializer(), client.Peer().ID, client.Peer().Aliases)
	// Output:
	// SETUP KERNEL=worker-1,Worker;FREEZER=FreezeThaw,Storable
	// SETUP KERNEL=boss-1,Boss;FREEZER=Storable;PID=42
	// true IKC0 Storable boss-1 [Boss]
}

// A message on its way: into a frame, and out of the octets that come.
func ExampleFrameScanner() {
	m := &wire.Message{
		Event:  wire.AtString("poe://Boss/jobs/done"),
		Params: perl.NewInt(7),
		From:   wire.At(specifier.Specifier{Kernel: "worker-1", Session: "worker", State: wire.StateProxy}),
	}
	image, err := storable.Freeze(m.ToValue())
	if err != nil {
		log.Fatal(err)
	}
	octets := wire.AppendFrame(nil, image)

	var frames wire.FrameScanner
	for len(octets) > 0 { // as a network may deliver them
		n := min(20, len(octets))
		frames.Write(octets[:n])
		octets = octets[n:]
		image, ok, err := frames.Next()
		if err != nil {
			log.Fatal(err)
		}
		if !ok {
			continue
		}
		v, err := storable.Thaw(image)
		if err != nil {
			log.Fatal(err)
		}
		got, err := wire.ParseMessage(v)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(got.Event.Session, got.Event.State, got.Params.Int(), "from", got.From.Kernel, "is a call:", got.IsCall())
	}
	// Output: jobs done 7 from worker-1 is a call: false
}
