package ikc_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// serveAs has a kernel listen with an identity and returns its address.
func serveAs(t *testing.T, k *ikc.Kernel, as ikc.Identity) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	go func() {
		if err := k.ServeAs(context.Background(), l, as); err != nil {
			t.Errorf("serve: %v", err)
		}
	}()
	return l.Addr().String()
}

// Each listener has a name, aliases, a dialect and serializers of its own; the id and the sessions
// are those of the kernel, and all names lead to it.
func TestListenersOwnIdentity(t *testing.T) {
	k := kernel(t, ikc.Config{Name: "Main", Aliases: []string{"Also"}})
	session(t, k, "me", map[string]ikc.State{"echo": echo})
	for _, c := range []struct {
		address    string
		names      []string
		dialect    wire.Dialect
		serializer string
	}{
		{serve(t, k), []string{"Main", "Also"}, wire.IKC0, "Storable"},
		{serveAs(t, k, ikc.Identity{Name: "Admin", Aliases: []string{"Root"}, Dialect: wire.IKC,
			Serializers: []wire.Serializer{freezethaw.Serializer{}}}), []string{"Admin", "Root"}, wire.IKC, "FreezeThaw"},
		{serveAs(t, k, ikc.Identity{Aliases: []string{"More"}}), []string{"Main", "Also", "More"}, wire.IKC0, "Storable"},
	} {
		client := kernel(t, ikc.Config{
			Name:        "Client" + c.names[0] + c.names[len(c.names)-1],
			Serializers: []wire.Serializer{storable.Serializer{}, freezethaw.Serializer{}},
		})
		ch := dial(t, client, c.address)
		p := ch.Peer()
		told := slices.DeleteFunc(slices.Clone(p.Aliases), func(name string) bool { return name == c.address })
		slices.Sort(told) // IKC tells them the other way round
		if p.ID != k.ID() || !slices.Equal(told, slices.Sorted(slices.Values(c.names))) ||
			ch.Dialect() != c.dialect || c.serializer != "Storable" && ch.Serializer() != c.serializer {
			t.Errorf("%v: got %+v, %v, %s; expected %v, %s", c.names, p, ch.Dialect(), ch.Serializer(), c.dialect, c.serializer)
		}
		for _, name := range c.names {
			if v, err := client.Call(soon(t), "poe://"+name+"/me/echo", name); err != nil || v.Str() != name {
				t.Errorf("by the name %s: got %v, %v", name, v, err)
			}
		}
		// What the kernel asks for comes back to it, though the peer knows it by another name.
		state, answers := heard()
		mine, err := k.NewSession("asks"+c.names[0]+c.names[len(c.names)-1], map[string]ikc.State{"answer": state})
		must(t, err)
		settled(t, "it is registered", func() bool { return k.Channel(client.Name()) != nil })
		session(t, client, "theirs", map[string]ikc.State{"echo": echo})
		_, err = mine.CallTo(soon(t), "poe://"+client.Name()+"/theirs/echo", "back", "poe:answer")
		must(t, err)
		expect(t, answers, "'back'")
	}
	// By any of its names the kernel reaches itself.
	for _, name := range []string{"Main", "Admin", "Root", "More"} {
		if _, err := k.Call(soon(t), "poe://"+name+"/me/echo", 1); err != nil {
			t.Errorf("to itself, as %s: %v", name, err)
		}
	}
}

// A name of a listener is this kernel's: no peer takes it by announcing it for an alias.
func TestListenersNameIsOwn(t *testing.T) {
	k := kernel(t, ikc.Config{Name: "Main"})
	session(t, k, "me", map[string]ikc.State{"who": func(context.Context, *ikc.Request) (any, error) { return "kernel", nil }})
	address := serveAs(t, k, ikc.Identity{Name: "Admin"})
	settled(t, "the listener has its name", func() bool {
		_, err := k.Call(soon(t), "poe://Admin/me/who", nil)
		return err == nil
	})
	thief := kernel(t, ikc.Config{Name: "Admin"})
	dial(t, thief, address)
	settled(t, "it is registered", func() bool { return k.Channel(thief.ID()) != nil })
	if v, err := k.Call(soon(t), "poe://Admin/me/who", nil); err != nil || v.Str() != "kernel" {
		t.Errorf("got %v, %v", v, err)
	}
}

func TestListenersBadIdentity(t *testing.T) {
	k := kernel(t, ikc.Config{})
	for want, as := range map[string]ikc.Identity{
		`Name "no such"`:            {Name: "no such"},
		`Aliases "a b"`:             {Name: "Good", Aliases: []string{"a b"}},
		"Dialect: expected":         {Dialect: 7},
		"Serializers: number 0 is ": {Serializers: []wire.Serializer{nil}},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		if err := k.ServeAs(soon(t), l, as); err == nil || !strings.HasPrefix(err.Error(), "ikc: identity: "+want) {
			t.Errorf("%+v: got %v", as, err)
		}
		if _, err := l.Accept(); err == nil {
			t.Error("the listener is open still")
		}
	}
}
