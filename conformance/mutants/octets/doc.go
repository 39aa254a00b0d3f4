// Package octets holds what can be wrong with frames and images, whoever sends them.
package octets
