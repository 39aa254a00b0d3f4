package perl

import (
	"sync"
	"sync/atomic"
	"testing"
)

// ice is frozen: a list of one string.
type ice struct {
	thawed atomic.Int32
	target *Value
}

func (i *ice) Thaw() (*Value, error) {
	i.thawed.Add(1)
	i.target = NewArray(NewBytes("x"))
	return i.target, nil
}

func (i *ice) Unmarshal(variable any) bool {
	to, ok := variable.(*[]string)
	if ok {
		*to = []string{"from the ice"}
	}
	return ok
}

// TestFrozen: what is frozen is thawed once, when it is asked for, and not before.
func TestFrozen(t *testing.T) {
	from := new(ice)
	v := new(FrozenRef).To(from)
	var list []string
	if err := Unmarshal(v, &list); err != nil || list[0] != "from the ice" || v.Kind() != Ref ||
		v.Weak() || v.Class() != "" || v.Frozen() != Frozen(from) || from.thawed.Load() != 0 {
		t.Fatalf("%v, %v, thawed %d times, expected it frozen", list, err, from.thawed.Load())
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if s := v.Target().Elems()[0].Str(); s != "x" {
				t.Errorf("got %q", s)
			}
			v.Frozen()
		})
	}
	all.Wait()
	if err := Unmarshal(v, &list); err != nil || list[0] != "x" || v.Frozen() != nil || from.thawed.Load() != 1 {
		t.Errorf("%v, %v, thawed %d times, expected once", list, err, from.thawed.Load())
	}
	var other [1]string
	if err := Unmarshal(new(FrozenRef).To(new(ice)), &other); err != nil || other[0] != "x" {
		t.Errorf("what cannot be filled from the ice: got %v, %v", other, err)
	}
}

// TestFrozenChanged: a reference to what is frozen can be changed as any other, before it is thawed
// and after.
func TestFrozenChanged(t *testing.T) {
	for _, thawed := range []bool{false, true} {
		for name, check := range map[string]func(v *Value, from *ice) bool{
			"SetTarget": func(v *Value, _ *ice) bool {
				other := NewArray()
				return v.SetTarget(other).Target() == other && v.Frozen() == nil
			},
			"Bless": func(v *Value, from *ice) bool {
				return v.Bless("A").Class() == "A" && v.flags&flagFrozen == 0 && v.Target() == from.target && from.target != nil
			},
			"SetWeak": func(v *Value, from *ice) bool { return v.SetWeak().Weak() && v.Target() == from.target },
			"Assign": func(v *Value, from *ice) bool {
				copied := NewUndef()
				copied.Assign(v)
				return copied.Frozen() == nil && v.Frozen() == nil &&
					copied.Target() == v.Target() && v.Target() == from.target && from.thawed.Load() == 1
			},
			"Assign to it": func(v *Value, _ *ice) bool {
				v.Assign(NewInt(7))
				return v.Int() == 7 && v.Frozen() == nil
			},
			"Equal": func(v *Value, _ *ice) bool {
				return Equal(v, ArrayRef(NewBytes("x"))) && Format(v, FormatOptions{}) == "['x']"
			},
		} {
			from := new(ice)
			v := new(FrozenRef).To(from)
			if thawed {
				v.Target()
			}
			if !check(v, from) {
				t.Errorf("%s, thawed %v: %s", name, thawed, Format(v, FormatOptions{}))
			}
		}
	}
}
