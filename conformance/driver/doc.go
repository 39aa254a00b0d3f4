// Package driver is both ends of the driver protocol of conformance/DRIVER.md, by which the harness
// puts an implementation of IKC through its paces.
//
// The harness's end is a [Driver]: [Start] runs a driver program, [PerlInstall.Start] the one for
// the real POE::Component::IKC, and [New] speaks to a driver over any pair of pipes. There is a
// method for each command.
//
//	d, err := driver.Start(ctx, driver.Command{Path: "my-driver"})
//	if err != nil { ... }
//	defer d.Close()
//	hello, err := d.Hello(ctx)
//	where, err := d.Listen(ctx, driver.Listen{Name: "Server"})
//	err = d.Session(ctx, driver.Session{Session: "me", States: map[string]driver.Action{"echo": driver.Echo()}})
//
// The driver's end is a [Server], for drivers written in Go.
package driver
