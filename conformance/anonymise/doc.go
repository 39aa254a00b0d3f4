// Package anonymise rewrites captures so that they can be given away: names, addresses, strings,
// numbers and keys of hashes are replaced, and the capture is still judged as it was.
//
// What is replaced is replaced by as many octets of the same kind: a letter by a letter, a digit by
// a digit, an integer by one of as many digits, a character by one that takes as many octets. So
// lengths, tags and framing stay, octet by octet, in every serializer, and so do the segments of
// TCP and their times. Equal things become equal things, in all places of a capture and, with the
// same [Key], in other captures; different words become different words.
//
// Words of IKC itself stay, and those of the conformance session in captures that hold it: see
// [Result.Kept]. What is not understood does not stay: it is an error, or blanked if asked.
package anonymise
