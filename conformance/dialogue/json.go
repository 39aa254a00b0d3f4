package dialogue

import (
	"encoding/json"
	"io"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// jsonItem is a line of WriteJSON.
type jsonItem struct {
	Type       string    `json:"type"` // connection, line, message, frame
	Connection int       `json:"connection"`
	Time       time.Time `json:"time"`
	Packet     int64     `json:"packet,omitempty"`
	From       string    `json:"from,omitempty"` // client or server
	Offset     *int64    `json:"offset,omitempty"`

	// connection
	Client     string        `json:"client,omitempty"`
	Server     string        `json:"server,omitempty"`
	IKC        *bool         `json:"ikc,omitempty"`
	Dialect    string        `json:"dialect,omitempty"`
	Fallback   bool          `json:"fallback,omitempty"`
	Serializer string        `json:"serializer,omitempty"`
	Names      [][]string    `json:"names,omitempty"` // of client and server
	Notes      []jsonProblem `json:"notes,omitempty"`

	// line
	Line string `json:"line,omitempty"`
	End  string `json:"end,omitempty"`

	// message, frame
	Frame     int          `json:"frame,omitempty"`
	Octets    int          `json:"octets,omitempty"`
	Kind      string       `json:"kind,omitempty"`
	Event     string       `json:"event,omitempty"`
	Sender    string       `json:"sender,omitempty"` // the key from
	RSVP      string       `json:"rsvp,omitempty"`
	WantArray bool         `json:"wantarray,omitempty"`
	IsError   bool         `json:"is_error,omitempty"`
	Answers   int          `json:"answers,omitempty"` // the other side's frame that this answers or reports on
	Took      float64      `json:"seconds,omitempty"` // since that
	Params    *typed.Value `json:"params,omitempty"`
	Error     string       `json:"error,omitempty"`
}

type jsonProblem struct {
	From   string `json:"from,omitempty"`
	Packet int64  `json:"packet,omitempty"`
	Offset int64  `json:"offset,omitempty"`
	Text   string `json:"text"`
}

// WriteJSON writes a connection as JSON, one object a line: the connection, then each of its items.
// Values are typed as in the driver protocol.
func WriteJSON(w io.Writer, c *Connection) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	n := c.Negotiation
	head := jsonItem{
		Type: "connection", Connection: c.Conn.Index, Time: c.Opened.Time, Packet: c.Opened.Packet,
		Client: c.Conn.Client.String(), Server: c.Conn.Server.String(), IKC: &c.IsIKC, Fallback: n.Fallback, Serializer: n.Serializer,
	}
	if n.Complete {
		head.Dialect = n.Dialect.String()
		head.Names = [][]string{n.Names(wire.Client), n.Names(wire.Server)}
	}
	for _, p := range c.Broken {
		if p != nil {
			head.Notes = append(head.Notes, jsonProblem{p.From.String(), p.At.Packet, p.Offset, p.Text})
		}
	}
	for _, p := range c.Notes {
		head.Notes = append(head.Notes, jsonProblem{p.From.String(), p.At.Packet, p.Offset, p.Text})
	}
	for _, warning := range warnings(c) {
		head.Notes = append(head.Notes, jsonProblem{Text: warning})
	}
	if err := e.Encode(head); err != nil {
		return err
	}
	for _, item := range c.Items {
		if !c.IsIKC {
			break
		}
		if err := e.Encode(jsonOf(c, item)); err != nil {
			return err
		}
	}
	return nil
}

func jsonOf(c *Connection, item Item) jsonItem {
	j := jsonItem{Connection: c.Conn.Index, Time: item.Stamp().Time, Packet: item.Stamp().Packet, From: item.Sender().String()}
	switch item := item.(type) {
	case *Line:
		j.Type, j.Offset, j.Line, j.End = "line", &item.Offset, item.Text, item.End
	case *Frame:
		j.Type, j.Offset, j.Frame, j.Octets = "frame", &item.Offset, item.Number, len(item.Image)
		if item.Err != nil {
			j.Error = item.Err.Error()
		}
		if m := item.Message; m != nil {
			j.message(m)
		}
	}
	return j
}

func (j *jsonItem) message(m *Message) {
	j.Type, j.Kind, j.Event = "message", m.What(), m.Event.String()
	if m.From.Present() {
		j.Sender = m.From.String()
	}
	if m.RSVP.Present() {
		j.RSVP = m.RSVP.String()
	}
	j.WantArray, j.IsError = m.WantArray, m.IsError
	if m.Params != nil {
		j.Params = &typed.Value{V: m.Params}
	}
	if x := m.Exchange; x != nil && x.Request != m {
		j.Answers = x.Request.Frame.Number
		j.Took = m.Frame.At.Time.Sub(x.Request.Frame.At.Time).Seconds()
	}
}
