// Package fields says which fields of a struct are data, for package perl and for serializers that
// do without its Values.
package fields

import (
	"reflect"
	"strings"
	"sync"
)

// Field is a field of a struct that takes part in perl.Marshal and perl.Unmarshal.
type Field struct {
	Name      string // the hash key
	Index     []int  // as of reflect.StructField
	OmitEmpty bool
}

var cache sync.Map // reflect.Type to []Field

// Of lists the exported fields of a struct type with the names that their tags give them. Those of
// embedded structs without a tag count as the struct's own, unless it has one of that name. The
// slice must not be changed.
func Of(t reflect.Type) []Field {
	if list, ok := cache.Load(t); ok {
		return list.([]Field)
	}
	var list []Field
	own := map[string]bool{}
	var embedded []Field
	for i := range t.NumField() {
		sf := t.Field(i)
		name, options, _ := strings.Cut(sf.Tag.Get("perl"), ",")
		if name == "-" {
			continue
		}
		if sf.Anonymous && name == "" && sf.Type.Kind() == reflect.Struct {
			for _, f := range Of(sf.Type) {
				f.Index = append([]int{i}, f.Index...)
				embedded = append(embedded, f)
			}
			continue
		}
		if !sf.IsExported() {
			continue
		}
		if name == "" {
			name = sf.Name
		}
		own[name] = true
		list = append(list, Field{name, []int{i}, options == "omitempty"})
	}
	for _, f := range embedded {
		if !own[f.Name] {
			own[f.Name] = true
			list = append(list, f)
		}
	}
	cache.Store(t, list)
	return list
}
