package avro

import (
	"errors"
	"fmt"
	"reflect"
	"time"
)

// binding turns one struct type into goavro's native form and back. Bindings
// are built once per type; the work per record is a walk over its fields.
type binding struct {
	typ    reflect.Type
	fields []boundField
}

type boundField struct {
	name  string
	index []int
	conv  conversion
}

// conversion converts values of one Go type to goavro's native form and back.
type conversion struct {
	toNative   func(reflect.Value) (any, error)
	fromNative func(any, reflect.Value) error
}

func bind(t reflect.Type) (*binding, error) {
	b := &binding{typ: t}
	return b, b.addFields(t, nil)
}

func (b *binding) addFields(t reflect.Type, path []int) error {
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(append([]int(nil), path...), i)
		if f.Anonymous {
			if err := b.addFields(f.Type, index); err != nil {
				return err
			}
			continue
		}
		name, option := fieldTag(f)
		conv, err := convert(f.Type, option == "required")
		if err != nil {
			return fmt.Errorf("%s.%s: %w", t.Name(), f.Name, err)
		}
		b.fields = append(b.fields, boundField{name, index, conv})
	}
	return nil
}

func (b *binding) toNative(v reflect.Value) (any, error) {
	m := make(map[string]any, len(b.fields))
	for i := range b.fields {
		f := &b.fields[i]
		n, err := f.conv.toNative(v.FieldByIndex(f.index))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		m[f.name] = n
	}
	return m, nil
}

func (b *binding) fromNative(native any, v reflect.Value) error {
	m, ok := native.(map[string]any)
	if !ok {
		return mismatch(native, v)
	}
	for i := range b.fields {
		f := &b.fields[i]
		n, ok := m[f.name]
		if !ok {
			return fmt.Errorf("%s is missing", f.name)
		}
		if err := f.conv.fromNative(n, v.FieldByIndex(f.index)); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

func mismatch(native any, v reflect.Value) error {
	return fmt.Errorf("%T does not fit %s", native, v.Type())
}

func convert(t reflect.Type, required bool) (conversion, error) {
	if t == timeType {
		return timeConversion(required), nil
	}
	switch t.Kind() {
	case reflect.String:
		return conversion{
			func(v reflect.Value) (any, error) { return v.String(), nil },
			func(n any, v reflect.Value) error {
				s, ok := n.(string)
				if !ok {
					return mismatch(n, v)
				}
				v.SetString(s)
				return nil
			},
		}, nil
	case reflect.Int32:
		return conversion{
			func(v reflect.Value) (any, error) { return int32(v.Int()), nil },
			func(n any, v reflect.Value) error {
				i, ok := n.(int32)
				if !ok {
					return mismatch(n, v)
				}
				v.SetInt(int64(i))
				return nil
			},
		}, nil
	case reflect.Int64:
		return conversion{
			func(v reflect.Value) (any, error) { return v.Int(), nil },
			func(n any, v reflect.Value) error {
				i, ok := n.(int64)
				if !ok {
					return mismatch(n, v)
				}
				v.SetInt(i)
				return nil
			},
		}, nil
	case reflect.Bool:
		return conversion{
			func(v reflect.Value) (any, error) { return v.Bool(), nil },
			func(n any, v reflect.Value) error {
				b, ok := n.(bool)
				if !ok {
					return mismatch(n, v)
				}
				v.SetBool(b)
				return nil
			},
		}, nil
	case reflect.Struct:
		b, err := bind(t)
		return conversion{b.toNative, b.fromNative}, err
	case reflect.Pointer:
		return pointerConversion(t)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return bytesConversion(), nil
		}
		return sliceConversion(t)
	case reflect.Map:
		return mapConversion(t)
	default:
		return conversion{}, fmt.Errorf("%s has no Avro type here", t)
	}
}

// timeBranch is goavro's name for the branch of a union that holds a time.
const timeBranch = "long.timestamp-micros"

var errNotSet = errors.New("the time is not set")

// timeConversion keeps times in UTC. The zero time is null where null is
// allowed, and refused where a time is required: nothing happened in year 1.
func timeConversion(required bool) conversion {
	return conversion{
		func(v reflect.Value) (any, error) {
			t := v.Interface().(time.Time)
			switch {
			case t.IsZero() && required:
				return nil, errNotSet
			case t.IsZero():
				return nil, nil
			case required:
				return t, nil
			}
			return map[string]any{timeBranch: t}, nil
		},
		func(n any, v reflect.Value) error {
			if branch, ok := n.(map[string]any); ok {
				n = branch[timeBranch]
			}
			t, ok := n.(time.Time)
			switch {
			case !ok && n != nil:
				return mismatch(n, v)
			case t.IsZero() && required:
				return errNotSet
			case t.IsZero():
				v.SetZero()
				return nil
			}
			v.Set(reflect.ValueOf(t.UTC()))
			return nil
		},
	}
}

func bytesConversion() conversion {
	return conversion{
		func(v reflect.Value) (any, error) { return v.Bytes(), nil },
		func(n any, v reflect.Value) error {
			b, ok := n.([]byte)
			if !ok {
				return mismatch(n, v)
			}
			if len(b) > 0 { // empty reads back as nil
				v.SetBytes(b[:len(b):len(b)]) // a part of the message: appending must not overwrite the rest
			}
			return nil
		},
	}
}

func pointerConversion(t reflect.Type) (conversion, error) {
	b, err := bind(t.Elem())
	branch := Namespace + "." + t.Elem().Name()
	return conversion{
		func(v reflect.Value) (any, error) {
			if v.IsNil() {
				return nil, nil
			}
			n, err := b.toNative(v.Elem())
			return map[string]any{branch: n}, err
		},
		func(n any, v reflect.Value) error {
			if n == nil {
				v.SetZero()
				return nil
			}
			m, ok := n.(map[string]any)
			if !ok {
				return mismatch(n, v)
			}
			p := reflect.New(t.Elem())
			v.Set(p)
			return b.fromNative(m[branch], p.Elem())
		},
	}, err
}

func sliceConversion(t reflect.Type) (conversion, error) {
	item, err := convert(t.Elem(), true)
	return conversion{
		func(v reflect.Value) (any, error) {
			out := make([]any, v.Len())
			for i := range out {
				var err error
				if out[i], err = item.toNative(v.Index(i)); err != nil {
					return nil, fmt.Errorf("%d: %w", i, err)
				}
			}
			return out, nil
		},
		func(n any, v reflect.Value) error {
			in, ok := n.([]any)
			if !ok {
				return mismatch(n, v)
			}
			if len(in) == 0 { // empty reads back as nil
				return nil
			}
			s := reflect.MakeSlice(t, len(in), len(in))
			for i := range in {
				if err := item.fromNative(in[i], s.Index(i)); err != nil {
					return fmt.Errorf("%d: %w", i, err)
				}
			}
			v.Set(s)
			return nil
		},
	}, err
}

func mapConversion(t reflect.Type) (conversion, error) {
	value, err := convert(t.Elem(), true)
	return conversion{
		func(v reflect.Value) (any, error) {
			out := make(map[string]any, v.Len())
			for it := v.MapRange(); it.Next(); {
				n, err := value.toNative(it.Value())
				if err != nil {
					return nil, fmt.Errorf("%s: %w", it.Key(), err)
				}
				out[it.Key().String()] = n
			}
			return out, nil
		},
		func(n any, v reflect.Value) error {
			in, ok := n.(map[string]any)
			if !ok {
				return mismatch(n, v)
			}
			if len(in) == 0 { // empty reads back as nil
				return nil
			}
			m := reflect.MakeMapWithSize(t, len(in))
			for k, x := range in {
				e := reflect.New(t.Elem()).Elem()
				if err := value.fromNative(x, e); err != nil {
					return fmt.Errorf("%s: %w", k, err)
				}
				m.SetMapIndex(reflect.ValueOf(k), e)
			}
			v.Set(m)
			return nil
		},
	}, err
}
