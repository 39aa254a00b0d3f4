package cell

// Segmentation is how what the two sides of a connection say is cut into pieces on its way, and how
// the connection ends. TCP is a stream: verdicts must not depend on it.
type Segmentation string

// The segmentations.
const (
	// AsSent passes everything on as it came.
	AsSent Segmentation = ""
	// SingleOctets passes octets on one by one.
	SingleOctets Segmentation = "single octets"
	// LineEndsCut passes the LF of a line on some time after its CR.
	LineEndsCut Segmentation = "line ends cut"
	// Coalesced waits for more and passes it on in one piece.
	Coalesced Segmentation = "coalesced"
	// Pieces passes pieces on that end in the middle of lines and frames, the rest of each some time
	// later.
	Pieces Segmentation = "delayed pieces"
	// ResetEnds ends connections that the client closes with a reset (RST) instead of a FIN.
	ResetEnds Segmentation = "RST for FIN"
)

// Segmentations are all but AsSent.
func Segmentations() []Segmentation {
	return []Segmentation{SingleOctets, LineEndsCut, Coalesced, Pieces, ResetEnds}
}
