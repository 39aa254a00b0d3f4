package capture

// Meta describes a capture: the options of a pcapng section header. Every field may be empty.
// A classic pcap file has none of it.
type Meta struct {
	Hardware    string   // the machine it was recorded on
	OS          string   // its operating system
	Application string   // the program that recorded it
	Comments    []string // for people, and for whoever wants to keep structured notes in the file
}

// Interface describes an interface of a capture. A synthesised capture has one for each role whose
// traffic it holds.
type Interface struct {
	Index       int    // position in the section, from 0; set by the Writer and the Reader
	Name        string // such as "lo" or "server-under-test"
	Description string
}
