package ikc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Identity is who a kernel is to those who connect to one of its listeners, as several servers in
// one POE process are called each by a name of its own. The id of the kernel and its sessions are
// those of all. Source: Server spawn, Responder register_local.
type Identity struct {
	// Name is what peers that come by this listener call the kernel. Default: that of the kernel,
	// with the aliases that it has.
	Name string
	// Aliases are more names. The kernel's own are not told to these peers if Name is given.
	Aliases []string
	// Dialect is the best that this listener takes. The zero value is IKC0, which takes IKC as well.
	Dialect wire.Dialect
	// Serializers in order of preference. Default: those of the kernel.
	Serializers []wire.Serializer
}

// identity is the kernel's own.
func (cfg *Config) identity() Identity {
	return Identity{Name: cfg.Name, Aliases: cfg.Aliases, Dialect: cfg.Dialect, Serializers: cfg.Serializers}
}

// complete sets what is not given to what another identity has, or says what makes no sense. Slices
// become its own.
func (id *Identity) complete(standard *Identity) error {
	id.Aliases, id.Serializers = slices.Clone(id.Aliases), slices.Clone(id.Serializers)
	if id.Name == "" {
		id.Name = standard.Name
		id.Aliases = append(slices.Clone(standard.Aliases), id.Aliases...)
	}
	if len(id.Serializers) == 0 {
		id.Serializers = standard.Serializers
	}
	return errors.Join(id.checkNames(), id.checkSerializers())
}

// names are what peers are told, best first.
func (id *Identity) names() []string { return append([]string{id.Name}, id.Aliases...) }

func (id *Identity) checkNames() error {
	if id.Dialect != wire.IKC0 && id.Dialect != wire.IKC {
		return fmt.Errorf("Dialect: expected wire.IKC0 or wire.IKC, got %d", id.Dialect)
	}
	err := checkName("Name", id.Name)
	for _, alias := range id.Aliases {
		err = errors.Join(err, checkName("Aliases", alias))
	}
	return err
}

func checkName(field, name string) error {
	if wire.ValidName(name) {
		return nil
	}
	return fmt.Errorf("%s %q: expected one or more letters, digits, or any of - : . and _", field, name)
}

func (id *Identity) checkSerializers() error {
	const field = "Serializers"
	seen := map[string]bool{}
	for i, s := range id.Serializers {
		switch {
		case s == nil:
			return fmt.Errorf("%s: number %d is nil", field, i)
		case !wire.ValidSerializer(s.Name()):
			return fmt.Errorf("%s: name %q: expected a Perl package name", field, s.Name())
		case seen[s.Name()]:
			return fmt.Errorf("%s: %s is there more than once", field, s.Name())
		}
		seen[s.Name()] = true
	}
	return nil
}

// ServeAs is [Kernel.Serve] with an identity of the listener's own. Its names lead to this kernel
// from then on, by whatever connection a peer came, as they do in the original: a peer does not get
// them for aliases any more. Who has one of them already keeps it for an alias, and is not reached
// by it. An error says which field of the identity makes no sense; l is closed then.
func (k *Kernel) ServeAs(ctx context.Context, l net.Listener, as Identity) error {
	if err := as.complete(&k.as); err != nil {
		_ = l.Close()
		return fmt.Errorf("ikc: identity: %w", err)
	}
	k.mu.Lock()
	for _, name := range as.names() {
		if !k.ownNames[name] {
			k.ownNames[name] = true
			k.ownOrder = append(k.ownOrder, name)
		}
	}
	k.targets.forget()
	k.mu.Unlock()
	return k.serve(ctx, l, &as)
}

// nameForAnswers is by which name whoever is asked reaches this kernel: its own, or the id if peers
// may have been told other names.
func (k *Kernel) nameForAnswers() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.ownOrder) > 1+len(k.cfg.Aliases) {
		return k.id
	}
	return k.cfg.Name
}
