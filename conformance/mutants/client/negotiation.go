package client

import (
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// instead replaces a line with a beginning.
func instead(prefix string, lines ...string) func(string) []string {
	return func(line string) []string {
		if strings.HasPrefix(line, prefix) {
			return lines
		}
		return []string{line}
	}
}

// setup changes the SETUP.
func setup(change func(line string) string) func(string) []string {
	return func(line string) []string {
		if strings.HasPrefix(line, "SETUP ") {
			line = change(line)
		}
		return []string{line}
	}
}

// field replaces the value of a field of the SETUP.
func field(name string, change func(value string) string) func(string) []string {
	return setup(func(line string) string {
		fields := strings.Split(strings.TrimPrefix(line, "SETUP "), ";")
		var kept []string
		for _, f := range fields {
			if v, ok := strings.CutPrefix(f, name+"="); ok {
				if v = change(v); v == "" {
					continue
				}
				f = name + "=" + v
			}
			kept = append(kept, f)
		}
		return "SETUP " + strings.Join(kept, ";")
	})
}

func without(string) string { return "" }

func negotiationDefects() []*Behaviour {
	const kernel, ikc0, ikc = "client", "IKC0", "IKC"
	lastOf := func(v string) string { return v[:strings.LastIndexByte(v, ',')] }
	oncePer := func(prefix string, lines ...string) func(string) []string {
		done := false
		return func(line string) []string {
			if !done && strings.HasPrefix(line, prefix) {
				done = true
				return lines
			}
			return []string{line}
		}
	}
	return []*Behaviour{
		{Name: "SETUP with an unknown field", Text: "The client's SETUP has a field that does not exist.", Kills: []string{"HC-IKC0-002"}, Role: kernel, Dialect: ikc0,
			line: setup(func(l string) string { return l + ";COLOUR=red" })},
		{Name: "SETUP without FREEZER", Text: "The client's SETUP offers no serializer.", Kills: []string{"HC-IKC0-002"}, Role: kernel, Dialect: ikc0, line: field("FREEZER", without)},
		{Name: "SETUP without KERNEL", Text: "The client's SETUP names no kernel.", Kills: []string{"HC-IKC0-002"}, Role: kernel, Dialect: ikc0, line: field("KERNEL", without)},
		{Name: "SETUP without PID", Text: "The client's SETUP tells no process id.", Kills: []string{"HC-IKC0-003"}, Role: kernel, Dialect: ikc0, line: field("PID", without)},
		{Name: "PID of a ClientLite missing", Text: "The SETUP of a ClientLite tells no process id.", Kills: []string{"HC-IKC0-003"}, Role: "clientlite", Dialect: ikc0, line: field("PID", without)},
		{Name: "name with a space", Text: "The client announces a name with a space in it.", Kills: []string{"HS-NAME-001"}, Role: kernel, Dialect: ikc0,
			line: field("KERNEL", func(v string) string { return strings.Replace(v, ",", " x,", 1) })},
		{Name: "name twice", Text: "The client announces a name twice.", Kills: []string{"HS-NAME-003"}, Role: kernel, Dialect: ikc0,
			line: field("KERNEL", func(v string) string { names := strings.Split(v, ","); return v + "," + names[len(names)-1] })},
		{Name: "no address", Text: "The client's names do not end with the address of its socket.", Kills: []string{"HC-IKC0-007"}, Role: kernel, Dialect: ikc0, line: field("KERNEL", lastOf)},
		{Name: "serializer twice", Text: "The client offers a serializer twice.", Kills: []string{"HC-IKC0-008"}, Role: kernel, Dialect: ikc0,
			line: field("FREEZER", func(v string) string { return v + ",Storable" })},
		{Name: "line feed only", Text: "The client's lines end in LF.", Kills: []string{"HS-LINE-001"}, Role: kernel, Dialect: ikc, lineEnd: "\n"},
		{Name: "carriage return only", Text: "The lines of a ClientLite end in LF CR.", Kills: []string{"HS-LINE-001"}, Role: "clientlite", Dialect: ikc, lineEnd: "\n"},
		{Name: "speaks out of turn", Text: "The client says something else before SETUP.", Kills: []string{"HC-IKC0-001"}, Role: kernel, Dialect: ikc0,
			line: func(l string) []string {
				if strings.HasPrefix(l, "SETUP ") {
					return []string{"GREETINGS", l}
				}
				return []string{l}
			}},
		{Name: "NOT after SETUP", Text: "The client says NOT to the server's good SETUP, and goes on.", Kills: []string{"HC-IKC0-005"}, Role: kernel, Dialect: ikc0, before: "NOT\r\n"},
		{Name: "takes two FREEZERs", Text: "The client says OK to a SETUP of the server with two serializers.", Kills: []string{"HC-IKC0-006"}, Role: kernel, Dialect: ikc0, line: instead("NOT", "OK")},
		{Name: "frame before UP", Text: "The client sends a frame before the server said UP.", Kills: []string{"HC-IKC-006"}, Role: kernel, Dialect: ikc,
			after: func(line string) []byte {
				if line != "WORLD" {
					return nil
				}
				return wire.AppendFrame(nil, []byte("\x05\x0b\x03\x00\x00\x00\x00"))
			}},
		{Name: "HELLO in small letters", Text: "The client says hello.", Kills: []string{"HC-IKC0-001"}, Role: kernel, Dialect: ikc, line: instead("HELLO", "hello")},
		{Name: "HELLO twice", Text: "The client says HELLO twice.", Kills: []string{"HC-IKC-001"}, Role: kernel, Dialect: ikc, line: instead("HELLO", "HELLO", "HELLO")},
		{Name: "WORLD twice", Text: "The client says WORLD twice.", Kills: []string{"HS-TURN-001"}, Role: kernel, Dialect: ikc, line: instead("WORLD", "WORLD", "WORLD")},
		{Name: "YES to IAM", Text: "The client answers an IAM with YES.", Kills: []string{"HC-IKC-001"}, Role: kernel, Dialect: ikc, line: instead("OK", "YES")},
		{Name: "blank behind a name", Text: "The client's IAM lines have a blank at their end.", Kills: []string{"HC-IKC-002"}, Role: kernel, Dialect: ikc,
			line: func(l string) []string {
				if strings.HasPrefix(l, "IAM ") {
					l += " "
				}
				return []string{l}
			}},
		{Name: "blank behind a serializer", Text: "The client's FREEZER line has a blank at its end.", Kills: []string{"HC-IKC-004"}, Role: kernel, Dialect: ikc, line: instead("FREEZER Storable", "FREEZER Storable ")},
		{Name: "no DONE", Text: "The client does not say that it has told all names.", Kills: []string{"HC-IKC-003"}, Role: kernel, Dialect: ikc, line: instead("DONE", "FINISHED")},
		{Name: "WORLD before FREEZER was accepted", Text: "The client offers another serializer though one was accepted.", Kills: []string{"HC-IKC-005"}, Role: kernel, Dialect: ikc,
			line: oncePer("WORLD", "FREEZER Storable", "WORLD")},
		{Name: "asks again after DONE", Text: "The client says OK where it should offer a serializer.", Kills: []string{"HC-IKC-004"}, Role: kernel, Dialect: ikc, line: oncePer("FREEZER", "OK", "FREEZER Storable")},
		{Name: "another name for an id", Text: "The client answers DONE with OK.", Kills: []string{"HC-IKC-002"}, Role: kernel, Dialect: ikc, line: oncePer("IAM", "OK")},
		{Name: "gives in to NOT", Text: "A client whose SETUP was refused sends it again.", Kills: []string{"HC-IKC0-004"}, Role: kernel, Dialect: "fallback",
			line: oncePer("HELLO", "SETUP KERNEL=Again;FREEZER=Storable;PID=1", "HELLO")},
		{Name: "ClientLite does not fall back", Text: "A ClientLite whose SETUP was refused sends it again.", Kills: []string{"HC-IKC0-004"}, Role: "clientlite", Dialect: "fallback",
			line: oncePer("HELLO", "SETUP KERNEL=Again;FREEZER=Storable;PID=1", "HELLO")},
	}
}
