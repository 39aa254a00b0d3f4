package conformance

// account reads what the driver of a kernel told.
type account struct{ *DriverLog }

func newAccount(l *DriverLog) *account { return &account{l} }

// onAccount judges what the driver of a kernel told.
func onAccount(judge func(*Trial, *account)) Predicate {
	return onDriver(func(t *Trial, l *DriverLog) { judge(t, newAccount(l)) })
}
