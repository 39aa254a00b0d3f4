package driver

// Kinds of an [Event].
const (
	EventState   = "state"   // a state ran
	EventMonitor = "monitor" // a monitor was told
	EventError   = "error"   // the kernel reported an error to itself
)

// What monitors are told of, if the driver can have them told: see [Hello.HasMonitor].
const (
	MonitorRegister    = "register"
	MonitorUnregister  = "unregister"
	MonitorSubscribe   = "subscribe"
	MonitorUnsubscribe = "unsubscribe"
	MonitorShutdown    = "shutdown"
	MonitorError       = "error"
	MonitorChannel     = "channel"
)

// Contexts in which a state runs, or a method of a ClientLite is called.
const (
	ContextVoid   = "void"
	ContextScalar = "scalar"
	ContextList   = "list"
)
