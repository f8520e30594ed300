package request

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"pitstop/schemas/repair"
)

// maxDepth is how deep objects and lists may lie within each other. Requests need 7.
const maxDepth = 32

// Parse reads one JSON value in UTF-8, as Fill takes it: a whole number, however it is
// written, is an int64, any other a json.Number. Its error says what is wrong in the
// words of JSON. A member given twice is an error: of which value is meant, programs
// disagree.
func Parse(text []byte) (any, error) {
	switch {
	case !utf8.Valid(text):
		return nil, errors.New("it is not UTF-8")
	case bytes.HasPrefix(text, []byte("\ufeff")):
		return nil, errors.New("it begins with a byte order mark: leave that out")
	}
	var raw json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil { // the syntax, to the end
		return nil, syntax(text, err)
	}
	p := parsing{json.NewDecoder(bytes.NewReader(text))}
	p.UseNumber()
	return p.value("", 0)
}

// syntax says what encoding/json finds wrong with a text.
func syntax(text []byte, err error) error {
	at := new(json.SyntaxError)
	switch {
	case !errors.As(err, &at), strings.HasPrefix(err.Error(), "unexpected end"), at.Offset < 1:
		return errors.New("it ends too early")
	case strings.HasSuffix(err.Error(), "exceeded max depth"):
		return errTooDeep
	}
	r, _ := utf8.DecodeRune(text[at.Offset-1:])
	return fmt.Errorf("%q does not belong where it is, at byte %d", r, at.Offset)
}

var errTooDeep = fmt.Errorf("more than %d objects and lists lie within each other", maxDepth)

type parsing struct{ *json.Decoder }

func (p parsing) value(at string, depth int) (any, error) {
	token, err := p.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Number:
		if n, ok := whole(string(token)); ok {
			return n, nil
		}
		return token, nil
	case json.Delim:
		if depth == maxDepth {
			return nil, errTooDeep
		}
		if token == '[' {
			return p.list(at, depth+1)
		}
		return p.object(at, depth+1)
	default: // a text, a boolean or null
		return token, nil
	}
}

func (p parsing) list(at string, depth int) (any, error) {
	list := []any{}
	for p.More() {
		v, err := p.value(fmt.Sprintf("%s/%d", at, len(list)), depth)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := p.Token()
	return list, err
}

func (p parsing) object(at string, depth int) (any, error) {
	object := make(map[string]any)
	for p.More() {
		token, err := p.Token()
		if err != nil {
			return nil, err
		}
		name, _ := token.(string)
		member := at + Pointer(name)
		if _, twice := object[name]; twice {
			return nil, fmt.Errorf("%s is there twice", member)
		}
		if object[name], err = p.value(member, depth); err != nil {
			return nil, err
		}
	}
	_, err := p.Token()
	return object, err
}

// Pointer returns the JSON pointer (RFC 6901) to a member by name.
func Pointer(name string) string {
	return "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

// whole returns the value of a JSON number if it is an int64, also when it is written
// 63700.0 or 6.37e4.
func whole(number string) (int64, bool) {
	if n, err := strconv.ParseInt(number, 10, 64); err == nil {
		return n, true
	}
	if _, exponent, _ := strings.Cut(strings.ToLower(number), "e"); len(number) > 40 || len(exponent) > 3 {
		return 0, false // nobody writes an amount like that
	}
	r, ok := new(big.Rat).SetString(number)
	if !ok || !r.IsInt() || !r.Num().IsInt64() {
		return 0, false
	}
	return r.Num().Int64(), true
}

// Fill sets a struct, to which into points, from a value of Parse that at is the JSON
// pointer to. Members have the names of the fields' json tags. If some do not fit, the
// error is an *Invalid that lists them all. Null leaves a field as it is; in a pointer
// to a pointer it is kept, as a nil.
func Fill(into any, at string, value any) error {
	var f filling
	f.fill(reflect.ValueOf(into).Elem(), at, value)
	if len(f.errs) > 0 {
		return &Invalid{Errors: f.errs}
	}
	return nil
}

type filling struct{ errs []repair.FieldError }

func (f *filling) bad(at, detail string) {
	f.errs = append(f.errs, repair.FieldError{Pointer: at, Detail: detail})
}

func (f *filling) fill(into reflect.Value, at string, value any) {
	t := into.Type()
	if value == nil {
		if t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Pointer {
			into.Set(reflect.New(t.Elem()))
		}
		return
	}
	switch v := value.(type) {
	case string:
		switch {
		case t == reflect.TypeFor[time.Time]():
			moment, err := time.Parse(time.RFC3339, v)
			if err != nil {
				f.bad(at, "is not a time such as 2026-05-20T16:00:00Z")
			}
			into.Set(reflect.ValueOf(moment))
			return
		case t.Kind() == reflect.String:
			into.SetString(v)
			return
		}
	case bool:
		if t.Kind() == reflect.Bool {
			into.SetBool(v)
			return
		}
	case int64:
		if into.CanInt() && !into.OverflowInt(v) {
			into.SetInt(v)
			return
		}
	case []any:
		if t.Kind() == reflect.Slice {
			into.Set(reflect.MakeSlice(t, len(v), len(v)))
			for i, x := range v {
				f.fill(into.Index(i), fmt.Sprintf("%s/%d", at, i), x)
			}
			return
		}
	case map[string]any:
		if t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]() {
			f.members(into, at, v)
			return
		}
	}
	switch t.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(t.Elem()))
		f.fill(into.Elem(), at, value)
	case reflect.Interface:
		into.Set(reflect.ValueOf(value))
	default:
		f.bad(at, "is not "+nameOf(t))
	}
}

func (f *filling) members(into reflect.Value, at string, values map[string]any) {
	fields := make(map[string][]int)
	for _, field := range reflect.VisibleFields(into.Type()) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
			fields[name] = field.Index
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		index, ok := fields[name]
		if !ok {
			f.bad(at+Pointer(name), "is not a field of this request")
			continue
		}
		f.fill(into.FieldByIndex(index), at+Pointer(name), values[name])
	}
}

// nameOf says what JSON calls a value of a type.
func nameOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	case reflect.Int32, reflect.Int64:
		return fmt.Sprintf("a whole number of at most %d bits", t.Bits()-1)
	}
	if t == reflect.TypeFor[time.Time]() {
		return "a time such as 2026-05-20T16:00:00Z"
	}
	return "an object"
}
