package driver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Handler carries out a command and returns the fields of its answer, nil for none. Handlers run
// one at a time, in the order of the commands. What takes time is returned as a [Later].
//
// An [*Error] is answered as it is; a context.DeadlineExceeded as timeout; any other error as
// failed.
type Handler func(ctx context.Context, r *Request) (any, error)

// Later is a result that is still to come: it runs in a goroutine of its own while further commands
// are carried out. ctx ends when the server does.
type Later func(ctx context.Context) (any, error)

// Request is a command.
type Request struct {
	ID      int64
	Command string
	raw     json.RawMessage
}

// Decode decodes the fields of the command. Those named as required must be there, and be neither
// null nor an empty string. Its error is a usage error to return.
func (r *Request) Decode(into any, required ...string) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(r.raw, &fields); err != nil {
		return Errorf(Usage, "%v", err)
	}
	for _, name := range required {
		if v := string(fields[name]); v == "" || v == "null" || v == `""` {
			return Errorf(Usage, "%s: the field %s is missing", r.Command, name)
		}
	}
	if err := json.Unmarshal(r.raw, into); err != nil {
		return Errorf(Usage, "%v", err)
	}
	return nil
}

// Server is a driver's end of the conversation. Add handlers, then call Serve.
type Server struct {
	MaxLine  int // octets of a line; MaxLine if 0
	handlers map[string]Handler

	mu  sync.Mutex
	out io.Writer
	err error
}

// NewServer returns a server that writes to out. It answers `unsupported` to what has no handler.
func NewServer(out io.Writer) *Server {
	return &Server{handlers: map[string]Handler{}, out: out}
}

// Handle sets the handler of a command. One for quit is called before the answer to it.
func (s *Server) Handle(command string, h Handler) { s.handlers[command] = h }

// Commands are those that have handlers, and quit.
func (s *Server) Commands() []string {
	names := []string{"quit"}
	for name := range s.handlers {
		if name != "quit" {
			names = append(names, name)
		}
	}
	return names
}

// Event writes an event. It may be called from any goroutine. The error is that of writing.
func (s *Server) Event(e Event) error {
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("driver: event %s: %w", e.Kind, err)
	}
	return s.writeLine(line)
}

// Serve carries out commands from in until quit has been answered or in ends, and returns nil then.
// Laters have ended when it returns. ctx ends them, but not a read of in: for that, close it.
func (s *Server) Serve(ctx context.Context, in io.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	var laters sync.WaitGroup
	defer laters.Wait()
	defer cancel()

	limit := s.MaxLine
	if limit <= 0 {
		limit = MaxLine
	}
	lines := newLineReader(in, limit)
	for {
		line, err := lines.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		quit, err := s.command(ctx, line, &laters)
		if err != nil {
			return err
		}
		if quit {
			return nil
		}
	}
}

// command carries out one line. The error is that of writing the answer.
func (s *Server) command(ctx context.Context, line []byte, laters *sync.WaitGroup) (quit bool, err error) {
	var head struct {
		ID  *int64  `json:"id"`
		Cmd *string `json:"cmd"`
	}
	if err := json.Unmarshal(line, &head); err != nil {
		return false, s.answer(0, nil, Errorf(Usage, "not a command: %v", err))
	}
	if head.ID == nil {
		return false, s.answer(0, nil, Errorf(Usage, "id is an integer"))
	}
	if head.Cmd == nil || *head.Cmd == "" {
		return false, s.answer(*head.ID, nil, Errorf(Usage, "cmd is a string"))
	}
	r := &Request{ID: *head.ID, Command: *head.Cmd, raw: line}
	h := s.handlers[r.Command]
	if r.Command == "quit" {
		var result any
		if h != nil {
			if result, err = h(ctx, r); err != nil {
				return false, s.answer(r.ID, nil, err)
			}
		}
		return true, s.answer(r.ID, result, nil)
	}
	if h == nil {
		return false, s.answer(r.ID, nil, Errorf(Unsupported, "no command %q in this driver", r.Command))
	}
	result, err := h(ctx, r)
	later, ok := result.(Later)
	if !ok || err != nil {
		return false, s.answer(r.ID, result, err)
	}
	laters.Go(func() {
		result, err := later(ctx)
		_ = s.answer(r.ID, result, err) // s.err keeps it for the next answer
	})
	return false, nil
}

func (s *Server) answer(id int64, result any, err error) error {
	a := struct {
		ID    int64  `json:"id"`
		OK    any    `json:"ok,omitempty"`
		Error *Error `json:"error,omitempty"`
	}{ID: id, OK: result}
	var known *Error
	switch {
	case err == nil:
		if result == nil {
			a.OK = struct{}{}
		}
	case errors.As(err, &known):
		a.OK, a.Error = nil, known
	case errors.Is(err, context.DeadlineExceeded):
		a.OK, a.Error = nil, Errorf(Timeout, "%v", err)
	default:
		a.OK, a.Error = nil, Errorf(Failed, "%v", err)
	}
	line, err := json.Marshal(a)
	if err != nil {
		return s.answer(id, nil, Errorf(Failed, "the answer cannot be encoded: %v", err))
	}
	return s.writeLine(line)
}

func (s *Server) writeLine(line []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	if _, err := s.out.Write(append(line, '\n')); err != nil {
		s.err = fmt.Errorf("driver: write: %w", err)
	}
	return s.err
}
