package visible

import "reflect"

// Copy is a deep copy of a tree of exported fields with Text of every string in it, or Lines where
// the field has the tag visible:"lines". Octets, and what is not exported, are as they were.
func Copy[T any](v T) T {
	to := reflect.ValueOf(&v).Elem()
	to.Set(copied(to, Text))
	return v
}

// copied is a copy of a value, with the strings in it as show has them.
func copied(v reflect.Value, show func(string) string) reflect.Value {
	switch v.Kind() {
	case reflect.String:
		return reflect.ValueOf(show(v.String())).Convert(v.Type())
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return v
		}
		inner := copied(v.Elem(), show)
		if v.Kind() == reflect.Interface {
			return inner.Convert(v.Type())
		}
		to := reflect.New(v.Type().Elem())
		to.Elem().Set(inner)
		return to
	case reflect.Slice:
		if v.IsNil() || v.Type().Elem().Kind() == reflect.Uint8 {
			return v
		}
		to := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			to.Index(i).Set(copied(v.Index(i), show))
		}
		return to
	case reflect.Array:
		to := reflect.New(v.Type()).Elem()
		for i := range v.Len() {
			to.Index(i).Set(copied(v.Index(i), show))
		}
		return to
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		to := reflect.MakeMapWithSize(v.Type(), v.Len())
		for each := v.MapRange(); each.Next(); {
			to.SetMapIndex(copied(each.Key(), show), copied(each.Value(), show))
		}
		return to
	case reflect.Struct:
		to := reflect.New(v.Type()).Elem()
		to.Set(v)
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() {
				continue
			}
			of := show
			if f.Tag.Get("visible") == "lines" {
				of = Lines
			}
			to.Field(i).Set(copied(v.Field(i), of))
		}
		return to
	}
	return v
}
