package replay

// maxFew bounds what is remembered of one connection by the number of a frame: beyond it, what was
// noted first is forgotten.
const maxFew = 4096

// few are things by the number of a frame. The zero few is ready.
type few[T any] struct {
	list  map[int]T
	order []int // of those noted, and of some that were taken since
}

// note remembers something.
func (f *few[T]) note(frame int, v T) {
	if f.list == nil {
		f.list = map[int]T{}
	}
	f.list[frame] = v
	if f.order = append(f.order, frame); len(f.order) > maxFew {
		delete(f.list, f.order[0])
		f.order = f.order[1:]
	}
}

// take gives what was noted, and forgets it.
func (f *few[T]) take(frame int) (v T, ok bool) {
	if v, ok = f.list[frame]; ok {
		delete(f.list, frame)
		if len(f.order) > 0 && f.order[0] == frame {
			f.order = f.order[1:]
		}
	}
	return v, ok
}
