package contract

import "time"

// DriverDelay is how long it may take until a driver has told what its kernel did. The judge takes
// something for not told only if the harness went on for longer than that (checks/told).
const DriverDelay = 30 * time.Millisecond

// DriverGrace is how long the harness waits for drivers to tell what their kernels did, before its
// next command. It is longer than DriverDelay: otherwise the judge could not say of anything at the
// end of a recording that it was not told.
const DriverGrace = DriverDelay + 20*time.Millisecond

// HeldFor is how long nothing more may come on a connection that is held open after its last
// answer.
const HeldFor = time.Second

// SlowFor is how long SlowState takes.
const SlowFor = 100 * time.Millisecond
