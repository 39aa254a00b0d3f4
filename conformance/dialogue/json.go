package dialogue

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/internal/visible"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// jsonItem is a line of WriteJSON.
type jsonItem struct {
	Type       string    `json:"type"` // connection, line, message, frame, gap, closed, control
	Connection int       `json:"connection"`
	Time       time.Time `json:"time"`
	Packet     int64     `json:"packet,omitempty"`
	From       string    `json:"from,omitempty"` // client or server
	Offset     *int64    `json:"offset,omitempty"`

	// connection
	Client       string        `json:"client,omitempty"`
	Server       string        `json:"server,omitempty"`
	ClientSocket string        `json:"client_socket,omitempty"` // the path, of a Unix socket
	ServerSocket string        `json:"server_socket,omitempty"`
	IKC          *bool         `json:"ikc,omitempty"`
	Dialect      string        `json:"dialect,omitempty"`
	Fallback     bool          `json:"fallback,omitempty"`
	Serializer   string        `json:"serializer,omitempty"`
	Names        [][]string    `json:"names,omitempty"` // of client and server
	Notes        []jsonProblem `json:"notes,omitempty"`

	// line
	Line string `json:"line,omitempty"`
	End  string `json:"end,omitempty"`

	// gap
	Text string `json:"text,omitempty"` // also of closed; octets is absent if nobody knows how many

	// closed
	How    string `json:"how,omitempty"`  // FIN or RST
	Open   int    `json:"open,omitempty"` // a call that had got no answer then, which is of OpenOf
	OpenOf string `json:"open_of,omitempty"`

	// control
	Control json.RawMessage `json:"control,omitempty"` // the line of the driver protocol

	// message, frame
	Frame int `json:"frame,omitempty"`
	// NumberAtLeast: frames before it may be missing, which are not counted.
	NumberAtLeast bool    `json:"at_least,omitempty"`
	Octets        int     `json:"octets,omitempty"`
	Kind          string  `json:"kind,omitempty"`
	Event         string  `json:"event,omitempty"`
	Sender        string  `json:"sender,omitempty"` // the key from
	RSVP          string  `json:"rsvp,omitempty"`
	WantArray     bool    `json:"wantarray,omitempty"`
	IsError       bool    `json:"is_error,omitempty"`
	Answers       int     `json:"answers,omitempty"` // the other side's frame that this answers or reports on
	Took          float64 `json:"seconds,omitempty"` // since that
	// Of an answer that may be for several calls: the first of them and the last, how many there are,
	// how long it took at least, and whether it may be for a call that the capture does not show.
	OneOf       []int   `json:"one_of,omitempty"`
	Candidates  int     `json:"candidates,omitempty"`
	AtLeast     float64 `json:"seconds_at_least,omitempty"`
	Unseen      bool    `json:"unseen,omitempty"`
	OrElsewhere bool    `json:"or_elsewhere,omitempty"` // or a call of another connection, of a kernel of the same name
	// Of a post that asks for a response, where to; of what belongs to a request by more than a rsvp,
	// the frame of that, or of the first and the last that it may be, and its connection if that is
	// another.
	RespondTo   string       `json:"respond_to,omitempty"`
	RelatedTo   []int        `json:"related_to,omitempty"`
	RelatedConn *int         `json:"related_connection,omitempty"`
	Params      *typed.Value `json:"params,omitempty"`
	Error       string       `json:"error,omitempty"`
}

type jsonProblem struct {
	// ID and Severity are those of a kind of notice, see 'ikc-conform explain NOTE-001'.
	ID       string `json:"id,omitempty"`
	Severity string `json:"severity,omitempty"`

	From   string `json:"from,omitempty"`
	Packet int64  `json:"packet,omitempty"`
	Offset int64  `json:"offset,omitempty"`
	Text   string `json:"text"`
}

// WriteJSON writes a connection as JSON, one object a line: the connection, then each of its items.
// Values are typed as in the driver protocol.
func WriteJSON(w io.Writer, c *Connection) error {
	return NewJSONPrinter(w, nil).Part(&Part{Connection: c, First: true,
		Last: true, Items: c.Items, Begun: c.Exchanges, Exchanges: c.Exchanges})
}

// JSONPrinter writes connections as WriteJSON does, part by part. Of one that is not whole, what is
// only known at the end follows its items, in an object of type "notes".
type JSONPrinter struct {
	// Remarks, if not nil, says what is worth knowing at the end of a connection.
	Remarks Remarks

	e      *json.Encoder
	filter *Filter
	shown  bool
}

// Shown tells whether an item was written so far, not only connections.
func (p *JSONPrinter) Shown() bool { return p.shown }

// NewJSONPrinter makes a JSONPrinter; filter may be nil.
func NewJSONPrinter(w io.Writer, filter *Filter) *JSONPrinter {
	e := visible.NewEncoder(w)
	e.SetEscapeHTML(false)
	return &JSONPrinter{e: e, filter: filter}
}

// Part writes a part of a connection.
func (p *JSONPrinter) Part(part *Part) error {
	c := part.Connection
	if !p.filter.connection(c) {
		return nil
	}
	var said []Remark
	if p.Remarks != nil {
		said = p.Remarks.Remarks(part)
	}
	if part.First {
		if err := p.head(part, said); err != nil {
			return err
		}
	}
	for _, item := range part.Items {
		if !c.readable() {
			break
		}
		if err := p.Item(c, item); err != nil {
			return err
		}
	}
	if !part.Last || part.First {
		return nil
	}
	return p.encode(jsonItem{Type: "notes", Connection: c.Conn.Index, Time: c.Opened.Time, Notes: problems(c, said, p.Remarks != nil)})
}

// Item writes a line or frame, if the filter wants it.
func (p *JSONPrinter) Item(c *Connection, item Item) error {
	if !p.filter.Keep(c, item) {
		return nil
	}
	p.shown = true
	return p.encode(jsonOf(c, item))
}

// encode writes an object. What cannot be written of it is left out, and its error says why.
func (p *JSONPrinter) encode(j jsonItem) error {
	if y := j.Time.Year(); y < 0 || y > 9999 {
		j.Error = strings.TrimPrefix(j.Error+fmt.Sprintf("; expected a time up to the year 9999, got the year %d", y), "; ")
		j.Time = time.Time{}
	}
	err := p.e.Encode(j)
	if bad := new(json.MarshalerError); errors.As(err, &bad) && j.Params != nil {
		j.Error = strings.TrimPrefix(j.Error+fmt.Sprintf("; the parameters cannot be shown as JSON: %v", bad.Err), "; ")
		j.Params = nil
		err = p.e.Encode(j)
	}
	return err
}

func (p *JSONPrinter) head(part *Part, said []Remark) error {
	c := part.Connection
	n := c.Negotiation
	head := jsonItem{
		Type: "connection", Connection: c.Conn.Index, Time: c.Opened.Time, Packet: c.Opened.Packet,
		Client: c.Conn.Client.String(), Server: c.Conn.Server.String(),
		ClientSocket: c.Conn.Sockets[capture.FromClient], ServerSocket: c.Conn.Sockets[capture.FromServer],
		IKC: &c.IsIKC, Fallback: n.Fallback, Serializer: n.Serializer,
	}
	if n.Complete {
		head.Dialect = n.Dialect.String()
		head.Names = [][]string{n.Names(wire.Client), n.Names(wire.Server)}
	}
	if part.Last {
		head.Notes = problems(c, said, p.Remarks != nil)
	}
	return p.encode(head)
}

// problems are the lines at the end of a connection.
func problems(c *Connection, said []Remark, asked bool) (notes []jsonProblem) {
	for _, r := range remarks(c, said, asked) {
		notes = append(notes, jsonProblem{r.ID, r.Severity, r.From.String(), r.At.Packet, r.Offset, r.Text})
	}
	return notes
}

func jsonOf(c *Connection, item Item) jsonItem {
	j := jsonItem{Connection: c.Conn.Index, Time: item.Stamp().Time, Packet: item.Stamp().Packet, From: item.Sender().String()}
	switch item := item.(type) {
	case *ControlLine:
		j.Type, j.Offset, j.Octets, j.Control = "control", &item.Offset, item.Octets, item.text
		if item.Err != nil {
			j.Error = item.Err.Error()
		}
	case *Loss:
		j.Type, j.Offset, j.Octets, j.Text = "gap", &item.Offset, int(max(item.Octets, 0)), item.Text
	case *Closing:
		j.Type, j.Offset, j.How, j.Text = "closed", &item.Offset, item.How.String(), item.text(c)
		if m, took := item.Left(c); m != nil {
			j.Open, j.OpenOf, j.Took = m.Frame.Number, m.Frame.From.String(), took.Seconds()
		}
	case *Line:
		j.Type, j.Offset, j.Line, j.End = "line", &item.Offset, item.Text, item.End
	case *Frame:
		j.Type, j.Offset, j.Frame, j.Octets = "frame", &item.Offset, item.Number, len(item.Image)
		j.NumberAtLeast = item.AtLeast
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
	if m.Params() != nil {
		j.Params = &typed.Value{V: m.Params()}
	}
	if x := m.Exchange; x != nil && x.Request == m {
		if to, ok := x.ByPost(); ok {
			j.RespondTo = to.String()
		}
	}
	if r := m.Relation; r != nil {
		j.related(m, r)
	} else if m.Kind == Answer {
		j.answer(m)
	} else if x := m.Exchange; x != nil && x.Request != m {
		j.Answers = x.Request.Frame.Number
		j.Took = m.Frame.At.Time.Sub(x.Request.Frame.At.Time).Seconds()
	}
}

// answer says which call an answer is for.
func (j *jsonItem) answer(m *Message) {
	c := m.Candidates()
	took, atLeast, _ := m.Took()
	switch {
	case c.Count == 0 && m.Exchange != nil: // once too often
		j.Answers = m.Exchange.Request.Frame.Number
		j.Took = m.Frame.At.Time.Sub(m.Exchange.Request.Frame.At.Time).Seconds()
	case c.Count == 1 && !atLeast && !c.Elsewhere:
		j.Answers, j.Took = c.First[0].Number, took.Seconds()
	default:
		j.OneOf, j.Candidates, j.AtLeast, j.Unseen, j.OrElsewhere = c.Numbers(), c.Count, took.Seconds(), c.Unseen, c.Elsewhere
	}
}

// related says which request a message belongs to.
func (j *jsonItem) related(m *Message, r *Relation) {
	j.RelatedTo, j.Candidates = Candidates{First: r.Candidates, Newest: r.newest}.Numbers(), r.Count
	if r.Elsewhere {
		j.RelatedConn = &r.Conn
	}
	if took, atLeast := r.Took(m); atLeast {
		j.AtLeast = took.Seconds()
	} else {
		j.Took = took.Seconds()
	}
}
