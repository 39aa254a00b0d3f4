package gen

import (
	"fmt"
	"strings"
)

// atKernel is what was seen of a state at one of the kernels that have its session.
type atKernel struct {
	asked, refused int
	params, answer *shape
}

// part is params or the answer, in a place.
func (a *atKernel) part(answer bool) *shape {
	if answer {
		return a.answer
	}
	return a.params
}

// maxUnlike is how many differences of a session are told.
const maxUnlike = 8

// unlike compares what the kernels that have a session are asked and answer.
type unlike struct {
	types *typer
	names []string // of the kernels
	found []string
	more  int
}

func (u *unlike) tell(format string, args ...any) {
	if len(u.found) == maxUnlike {
		u.more++
		return
	}
	u.found = append(u.found, fmt.Sprintf(format, args...))
}

// Unlike says which sessions of several kernels are not alike, and in what: a place has another
// kind of value, a key of a hash is always there at one and never at another, or a state is
// published at one only. Maps are those of Writing.
func (i *Interface) Unlike(maps []string) (list []string) {
	for _, name := range sortedKeys(i.sessions) {
		s := i.sessions[name]
		if found := s.unlike(maps); len(found) > 0 {
			list = append(list, fmt.Sprintf("the session %q is not the same at the kernels %s, and the package has all of them: %s; --kernel NAME chooses one",
				name, quoted(s.kernels), strings.Join(found, "; ")))
		}
	}
	return list
}

// unlike says in what the kernels that have the session differ.
func (s *session) unlike(maps []string) []string {
	u := &unlike{types: &typer{met: map[int]bool{}}, names: s.kernels}
	for _, text := range maps {
		if named, err := parsePlace(text); err == nil {
			u.types.maps = append(u.types.maps, named)
		}
	}
	for _, name := range sortedKeys(s.states) {
		u.state(s.name+"/"+name, s.states[name])
	}
	if u.more > 0 {
		u.found = append(u.found, fmt.Sprintf("and %d more", u.more))
	}
	return u.found
}

func (u *unlike) state(name string, s *state) {
	has := make([]bool, len(u.names))
	hasNot := make([]bool, len(u.names))
	for n, kernel := range u.names {
		if at := s.kernels[kernel]; at != nil && at.asked > 0 {
			has[n] = at.refused < at.asked
			hasNot[n] = !has[n]
		}
	}
	if yes, no := u.those(has), u.those(hasNot); yes != "" && no != "" {
		u.tell("%s is published at %s, not at %s", name, yes, no)
	}
	for _, answer := range []bool{false, true} {
		all, each := new(shape), make([]*shape, len(u.names))
		for n, kernel := range u.names {
			if at := s.kernels[kernel]; at != nil {
				each[n] = at.part(answer)
				all.merge(each[n])
			}
		}
		u.values(all, each, place{state: name, part: map[bool]string{false: "params", true: "answer"}[answer]})
	}
}

// those are the names of kernels, "" for none.
func (u *unlike) those(is []bool) string {
	var names []string
	for n, name := range u.names {
		if is[n] {
			names = append(names, name)
		}
	}
	return quoted(names)
}

// values compares what each kernel has in a place, nil for nothing, of which all is the sum.
func (u *unlike) values(all *shape, each []*shape, at place) {
	if u.kinds(each, at) {
		return
	}
	switch all.family() {
	case "array":
		u.values(all.anyElement(), below(each, (*shape).anyElement), at.below("[*]"))
	case "hash":
		if u.types.isMap(all, at) {
			u.values(all.anyValue(), below(each, (*shape).anyValue), at.below("{*}"))
			return
		}
		for _, key := range sortedKeys(all.fields) {
			u.key(all.fields[key], each, key, at.belowKey(key))
		}
	}
}

// kinds compares the kinds of values in a place, and tells whether they differ.
func (u *unlike) kinds(each []*shape, at place) bool {
	var kinds []string // in the order of the kernels that have them
	by := map[string][]bool{}
	for n, s := range each {
		if s == nil || s.seen == s.undef {
			continue
		}
		kind := s.family()
		switch {
		case kind == "object":
			kind = s.coarse()
		case kind == "" && len(s.others) > 0:
			kind = strings.Join(sortedKeys(s.others), ", ")
		case kind == "":
			kind = "of several kinds"
		}
		if by[kind] == nil {
			kinds, by[kind] = append(kinds, kind), make([]bool, len(each))
		}
		by[kind][n] = true
	}
	if len(kinds) < 2 {
		return false
	}
	var list []string
	for _, kind := range kinds {
		list = append(list, fmt.Sprintf("%s at %s", kind, u.those(by[kind])))
	}
	u.tell("%s is %s", at, strings.Join(list, ", "))
	return true
}

// key compares what hashes have under a key.
func (u *unlike) key(all *shape, each []*shape, key string, at place) {
	always, never := make([]bool, len(each)), make([]bool, len(each))
	fields := make([]*shape, len(each))
	for n, s := range each {
		if s == nil || s.hashes == 0 {
			continue
		}
		fields[n] = s.fields[key]
		always[n] = fields[n] != nil && fields[n].seen == s.hashes
		never[n] = fields[n] == nil
	}
	if yes, no := u.those(always), u.those(never); yes != "" && no != "" {
		u.tell("%s is always there at %s, never at %s", at, yes, no)
		return
	}
	u.values(all, fields, at)
}

// below are pieces of shapes, of those that are not nil.
func below(each []*shape, piece func(*shape) *shape) []*shape {
	pieces := make([]*shape, len(each))
	for n, s := range each {
		if s != nil {
			pieces[n] = piece(s)
		}
	}
	return pieces
}
