// Package model puts kernels through random sequences of what IKC can do, and compares what they
// see with a small model of the semantics.
//
// Kernel 0 is a server, the others are its clients. A run is made from a seed: connect and
// disconnect, publish and retract, post, call, subscribe, unsubscribe and posts by a proxy. After
// each step the kernels concerned are synchronised by calls, which a kernel handles in order, and
// the runs of their states since the last step must be those that the model says, with the same
// arguments. The traffic goes through a relay, so a run that fails leaves its capture behind, and
// the shortest sequence that fails as well.
package model

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// Op is what is done in a step.
type Op string

// The operations. From and To of a Step are kernels by number; one of the two is always the server.
const (
	Connect     Op = "connect"     // From connects to the server
	Disconnect  Op = "disconnect"  // From closes its connection
	Publish     Op = "publish"     // From publishes State
	Retract     Op = "retract"     // From retracts State
	Post        Op = "post"        // From posts Value to State of To
	Call        Op = "call"        // From calls State of To with Value
	Subscribe   Op = "subscribe"   // From subscribes to State of To, or to its session if State is empty
	Unsubscribe Op = "unsubscribe" // From ends that
	ProxyPost   Op = "proxy-post"  // From posts Value to State by the proxy of the session of To
)

// Step is one operation.
type Step struct {
	Op       Op
	From, To int
	State    string
	Value    int
}

// String writes a step as Parse reads it.
func (s Step) String() string {
	return fmt.Sprintf("%s %d %d %s %d", s.Op, s.From, s.To, orDash(s.State), s.Value)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// Sequence is what a run does.
type Sequence struct {
	// Kernels is how many there are, with the server.
	Kernels int
	Steps   []Step
}

// String writes a sequence as Parse reads it: the number of kernels, then a step a line.
func (s Sequence) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "kernels %d\n", s.Kernels)
	for _, step := range s.Steps {
		fmt.Fprintln(&b, step)
	}
	return b.String()
}

// MaxKernels is how many kernels a sequence may have.
const MaxKernels = 16

// Parse reads a sequence. Lines that begin with # are comments.
func Parse(text string) (Sequence, error) {
	var s Sequence
	for i, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		bad := fmt.Errorf("sequence, line %d: expected %q first and then steps such as \"post 1 0 echo 7\", got %q", i+1, "kernels N", line)
		if s.Kernels == 0 {
			if len(fields) != 2 || fields[0] != "kernels" {
				return s, bad
			}
			n, err := strconv.Atoi(fields[1])
			if err != nil || n < 2 || n > MaxKernels {
				return s, bad
			}
			s.Kernels = n
			continue
		}
		if len(fields) != 5 || weights[Op(fields[0])] == 0 {
			return s, bad
		}
		step := Step{Op: Op(fields[0]), State: strings.TrimPrefix(fields[3], "-")}
		for i, to := range map[int]*int{1: &step.From, 2: &step.To, 4: &step.Value} {
			n, err := strconv.Atoi(fields[i])
			if err != nil || n < 0 {
				return s, bad
			}
			*to = n
		}
		if step.From >= s.Kernels || step.To >= s.Kernels || step.From == step.To || step.From*step.To != 0 {
			return s, bad
		}
		s.Steps = append(s.Steps, step)
	}
	if s.Kernels == 0 {
		return s, fmt.Errorf("sequence: expected %q, got nothing", "kernels N")
	}
	return s, nil
}

// weights say how often an operation comes, and which there are.
var weights = map[Op]int{Connect: 3, Disconnect: 1, Publish: 4, Retract: 3, Post: 5, Call: 6, Subscribe: 3, Unsubscribe: 1, ProxyPost: 3}

// ops are the operations in a fixed order.
var ops = []Op{Connect, Disconnect, Publish, Retract, Post, Call, Subscribe, Unsubscribe, ProxyPost}

// Generate makes the sequence of a seed: 2 to kernels kernels, all of them connected to begin with,
// and 4 to 24 steps.
func Generate(seed uint64, least, most int) Sequence {
	r := rand.New(rand.NewPCG(seed, 0x1cc0f0))
	s := Sequence{Kernels: least + r.IntN(most-least+1)}
	for k := 1; k < s.Kernels; k++ {
		s.Steps = append(s.Steps, Step{Op: Connect, From: k})
	}
	total := 0
	for _, op := range ops {
		total += weights[op]
	}
	for range 4 + r.IntN(21) {
		n := r.IntN(total)
		i := 0
		for n >= weights[ops[i]] {
			n -= weights[ops[i]]
			i++
		}
		client := 1 + r.IntN(s.Kernels-1)
		step := Step{Op: ops[i], From: client, State: scripted[r.IntN(len(scripted))], Value: r.IntN(1000)}
		if step.Op != Connect && step.Op != Disconnect && r.IntN(2) == 0 {
			step.From, step.To = 0, client
		}
		if step.Op == Subscribe && r.IntN(2) == 0 {
			step.State = ""
		}
		s.Steps = append(s.Steps, step)
	}
	return s
}
