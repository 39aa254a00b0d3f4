package dialogue

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// valueFields are those fields of the driver protocol that hold a typed value, or a list of them.
var valueFields = []string{"params", "value", "values", "args"}

// step fills in what people are shown of a line.
func (l *ControlLine) step(s *Step, opts WriteOptions) {
	s.Offset, s.Octets = l.Offset, l.Octets
	switch {
	case l.Command != nil:
		s.Kind, s.Title = "command", fmt.Sprintf("%d %s", l.Command.ID, l.Command.Name)
		s.Params = showFields(l.Command.Fields, opts, "id", "cmd")
	case l.Answer != nil && l.Answer.Error != nil:
		s.Kind, s.Title = "reply", fmt.Sprintf("%d %s: %s", l.Answer.ID, l.Answer.Error.Code, l.Answer.Error.Message)
	case l.Answer != nil:
		s.Kind, s.Title = "reply", fmt.Sprintf("%d ok", l.Answer.ID)
		s.Params = showFields(l.Answer.OK, opts)
	case l.Event != nil:
		s.Kind, s.Title = "event", eventTitle(l.Event)
		if len(l.Event.Args) > 0 {
			s.Params = showList(l.Event.Args, opts)
		}
	default:
		s.Kind, s.Title = "unreadable", "! "+l.Err.Error()
	}
}

// eventTitle says what happened.
func eventTitle(e *driver.Event) string {
	switch e.Kind {
	case "state":
		title := "state " + e.Session + "/" + e.State
		if e.Context != "" {
			title += ", " + e.Context
		}
		if e.Sender {
			title += ", with sender"
		}
		return title
	case "monitor":
		if e.Real {
			return fmt.Sprintf("monitor of %s: %s, id %s", e.Kernel, e.What, e.About)
		}
		return fmt.Sprintf("monitor of %s: %s, %s", e.Kernel, e.What, e.About)
	case "error":
		return fmt.Sprintf("on_error: %s [%d] %s", e.Operation, e.Number, e.Message)
	}
	return e.String()
}

// showFields writes the fields of an object but for some, in alphabetical order, what is a value as
// Perl has it.
func showFields(object json.RawMessage, opts WriteOptions, but ...string) string {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		return string(object)
	}
	var out []string
	for _, key := range slices.SortedFunc(maps.Keys(fields), func(a, b string) int {
		return cmp.Or(cmp.Compare(slices.Index(valueFields, a), slices.Index(valueFields, b)), strings.Compare(a, b))
	}) {
		if !slices.Contains(but, key) {
			out = append(out, key+" "+showField(key, fields[key], opts))
		}
	}
	return strings.Join(out, "  ")
}

func showField(key string, field json.RawMessage, opts WriteOptions) string {
	if slices.Contains(valueFields, key) {
		var list []typed.Value
		if json.Unmarshal(field, &list) == nil {
			return showList(typed.Unwrap(list), opts)
		}
		var v typed.Value
		if json.Unmarshal(field, &v) == nil && v.V != nil {
			return paramsOn(v.V, opts)
		}
	}
	var text string
	if json.Unmarshal(field, &text) == nil {
		return text
	}
	return string(field)
}

func showList(values []*perl.Value, opts WriteOptions) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = paramsOn(v, opts)
	}
	return strings.Join(out, ", ")
}

// controlSummary says what a Control is, under the head of its connection.
func controlSummary(c *Control) string {
	s := "  what the harness had a kernel do (client), and what its driver said of it (server)"
	if h := c.Hello(); h != nil {
		s += fmt.Sprintf(": %s %s, pid %d", h.Implementation, h.Release, h.PID)
	}
	return s
}
