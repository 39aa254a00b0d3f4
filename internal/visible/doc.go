// Package visible keeps what others wrote from doing anything where it is shown: on a terminal, in
// a log, in the log of a CI service. Names, lines, error texts and file names come from peers,
// captures and drivers, and may hold control characters, line ends, or commands of a CI service.
//
// There are two lines of defence. A foreign text goes through [Text] where it is put into a line,
// and all that a command prints goes through a [Writer], which lets nothing through that [Text]
// would have escaped. Logs are held by [Logger], structs by [Copy], JSON by [NewEncoder].
//
// What is escaped, and how:
//
//	\n \r \t \x1b \x7f   ASCII controls
//	\x9b                 an octet that is not UTF-8
//	\x{9b} \x{202e}      a character that cannot be seen: controls, directions, joiners, other
//	                     formats, spaces but the one of ASCII, separators of lines, unassigned ones
//
// A backslash stays as it is, so that to escape twice changes nothing: the result is for people to
// read, not for programs to read back. Letters, digits, signs and accents stay too, of any script.
package visible
