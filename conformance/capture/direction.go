package capture

// Direction tells which side of a connection sent something.
type Direction uint8

// The two directions of a connection.
const (
	FromClient Direction = iota // the client sent it: the side that opened the connection
	FromServer                  // the server sent it: the side that accepted the connection
)

// String gives "client" or "server": who sent it.
func (d Direction) String() string {
	if d == FromClient {
		return "client"
	}
	return "server"
}

// Reverse gives the other direction.
func (d Direction) Reverse() Direction { return d ^ 1 }
