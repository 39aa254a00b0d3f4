package capture

// The link types that can be decoded, numbered as in https://www.tcpdump.org/linktypes.html.
const (
	linkNull     = 0
	linkEthernet = 1
	linkRaw      = 101
	linkLoop     = 108
	linkSLL      = 113
	linkIPv4     = 228
	linkIPv6     = 229
	linkSLL2     = 276
)

// linkRawOld are the numbers that raw IP has in files of some older systems.
const (
	linkRawOldBSD     = 12
	linkRawOldOpenBSD = 14
)
