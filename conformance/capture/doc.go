// Package capture writes and reads recordings of TCP conversations in the formats of Wireshark.
//
// Writing needs no privileges: a [Writer] synthesises the packets of a conversation from what an
// application saw on its sockets, and Wireshark opens the resulting pcapng file without complaint.
//
// Reading takes pcapng and classic pcap from anybody's network. [Reader.Events] turns the packets
// into what the two sides of each TCP connection said, in the order of the capture, except that
// octets come before what acknowledges them:
//
//	r, err := capture.Open("server.pcapng")
//	if err != nil {
//		return err
//	}
//	defer r.Close()
//	for ev, err := range r.Events(capture.Limits{}) {
//		if err != nil {
//			return err // the file is cut or damaged; every event before it still holds
//		}
//		switch ev := ev.(type) {
//		case *capture.Opened:
//		case *capture.Data: // valid until the next event only
//		case *capture.Gap:
//		case *capture.Conflict:
//		case *capture.Closed:
//		case *capture.End: // always the last event, also of a damaged file
//		}
//	}
//
// This is the only package of the project that knows about packets; it is the only one to import
// gopacket.
package capture
