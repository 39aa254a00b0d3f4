// Package page writes what a comparison found as a page of HTML that needs nothing else: no server,
// no network and no script. Its style is that of all reports.
package page
