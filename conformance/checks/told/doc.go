// Package told holds the checks that take a driver: they are about what is not on the wire, such as
// the arguments that a state was given, what monitors were told, and what methods returned.
//
// The conversation with the driver is in the capture, beside the traffic of its kernel. Each
// function returns the checks of one area of ids, in the file of that area; the files named for a
// plural (monitors.go, subscriptions.go, litecommands.go) read the driver's log for them.
package told
