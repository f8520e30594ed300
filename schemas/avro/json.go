package avro

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"pitstop/schemas/repair"
)

// AppendJSON appends a record to dst as a JSON object, for people and integrators,
// with its personal data opened. Fields have the name of their json tag, or else of
// the Avro schema. The embedded Header, Fact and Ask are left out, and fields whose
// json tag is "-"; so are empty texts, lists and records and absent times. A FreeText becomes its text, and a
// contact's details become fields of the contact.
//
// The error wraps ErrUndecodable when a personal record cannot be opened.
func (c *Codec) AppendJSON(ctx context.Context, dst []byte, rec any) ([]byte, error) {
	v := reflect.ValueOf(rec)
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	p := plain{ctx, c}
	dst, err := p.object(append(dst, '{'), v)
	return append(dst, '}'), err
}

type plain struct {
	ctx   context.Context
	codec *Codec
}

var (
	personalType = reflect.TypeFor[repair.Personal]()
	leftOut      = []reflect.Type{reflect.TypeFor[repair.Header](), reflect.TypeFor[repair.Fact](), reflect.TypeFor[repair.Ask]()}
	jsonFields   sync.Map // reflect.Type → []jsonField
)

type jsonField struct {
	key   []byte // `"name":`
	index []int
}

func fieldsOf(t reflect.Type) []jsonField {
	if f, ok := jsonFields.Load(t); ok {
		return f.([]jsonField)
	}
	var fields []jsonField
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "-" || hidden(t, f.Index) {
			continue
		}
		avro, _ := fieldTag(f)
		fields = append(fields, jsonField{[]byte(`"` + cmp.Or(name, avro) + `":`), f.Index})
	}
	jsonFields.Store(t, fields)
	return fields
}

// hidden reports whether a field is promoted from a struct that is left out.
func hidden(t reflect.Type, index []int) bool {
	for i := 1; i < len(index); i++ {
		owner := t.FieldByIndex(index[:i]).Type
		for _, out := range leftOut {
			if owner == out {
				return true
			}
		}
	}
	return false
}

// object appends the fields of a struct, without braces.
func (p plain) object(dst []byte, v reflect.Value) ([]byte, error) {
	contact := v.Type() == reflect.TypeFor[repair.Contact]()
	for _, f := range fieldsOf(v.Type()) {
		field := v.FieldByIndex(f.index)
		if contact && field.Type() == personalType {
			c, _ := v.Interface().(repair.Contact)
			details, err := OpenContact(p.ctx, p.codec, c)
			if err != nil {
				return dst, fmt.Errorf("open personal data: %w", err)
			}
			if dst, err = p.object(dst, reflect.ValueOf(details)); err != nil {
				return dst, err
			}
			continue
		}
		if absent(field) {
			continue
		}
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = p.value(append(dst, f.key...), field); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// absent reports whether a value is empty. Numbers and booleans never are.
func absent(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String, reflect.Slice, reflect.Map:
		return v.Len() == 0
	case reflect.Pointer:
		return v.IsNil()
	case reflect.Struct:
		if v.Type() == personalType {
			return v.FieldByName("Bytes").Len() == 0
		}
		return v.IsZero()
	}
	return false
}

func (p plain) open(v reflect.Value) (reflect.Value, error) {
	sealed, _ := v.Interface().(repair.Personal)
	if sealed.KeyID != "" {
		return v, undecodable("sealed with key %q, which this program does not have", sealed.KeyID)
	}
	rec, err := p.codec.Decode(p.ctx, sealed.Bytes)
	if err != nil {
		return v, fmt.Errorf("open personal data: %w", err)
	}
	return reflect.ValueOf(rec).Elem(), nil
}

func (p plain) value(dst []byte, v reflect.Value) ([]byte, error) {
	switch v.Kind() {
	case reflect.String:
		return appendText(dst, v.String()), nil
	case reflect.Int32, reflect.Int64:
		return strconv.AppendInt(dst, v.Int(), 10), nil
	case reflect.Bool:
		return strconv.AppendBool(dst, v.Bool()), nil
	case reflect.Pointer:
		return p.value(dst, v.Elem())
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			text, err := json.Marshal(v.Bytes())
			return append(dst, text...), err
		}
		dst = append(dst, '[')
		for i := range v.Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = p.value(dst, v.Index(i)); err != nil {
				return dst, err
			}
		}
		return append(dst, ']'), nil
	case reflect.Struct:
		switch t := v.Interface().(type) {
		case time.Time:
			return append(t.UTC().AppendFormat(append(dst, '"'), time.RFC3339Nano), '"'), nil
		case repair.FreeText:
			return appendText(dst, t.Text), nil
		case repair.Personal:
			opened, err := p.open(v)
			if err != nil {
				return dst, err
			}
			return p.value(dst, opened)
		}
		dst, err := p.object(append(dst, '{'), v)
		return append(dst, '}'), err
	default: // maps, which only ticks have
		text, err := json.Marshal(v.Interface())
		return append(dst, text...), err
	}
}

// appendText appends a JSON string; what is not UTF-8 becomes U+FFFD.
func appendText(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		if b := s[i]; b < utf8.RuneSelf {
			if b >= ' ' && b != '"' && b != '\\' {
				i++
				continue
			}
			dst = append(dst, s[from:i]...)
			if b < ' ' {
				dst = append(dst, '\\', 'u', '0', '0', hex[b>>4], hex[b&15])
			} else {
				dst = append(dst, '\\', b)
			}
			i++
			from = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			dst = append(append(dst, s[from:i]...), "\ufffd"...)
			from = i + 1
		}
		i += size
	}
	return append(append(dst, s[from:]...), '"')
}
