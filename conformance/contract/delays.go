package contract

import (
	"time"
)

// DriverDelay is how long it may take until a driver has told what its kernel did.
const DriverDelay = 30 * time.Millisecond

// SlowFor is how long SlowState takes.
const SlowFor = 100 * time.Millisecond
