package avro

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/linkedin/goavro/v2"

	"pitstop/schemas/avsc"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// Limits on what a record may claim to hold. Without them six bytes can claim
// an array of 2^62 items and take the process down.
const (
	maxBlockCount = 10_000
	maxBlockSize  = 2 << 20 // a dead letter holds a whole record
)

func init() { // goavro has these as globals only
	goavro.MaxBlockCount = maxBlockCount
	goavro.MaxBlockSize = maxBlockSize
}

// ErrUndecodable means that bytes are no record of the catalogue: they belong among
// the dead letters. Any other error of Decode comes from the registry, and passes.
var ErrUndecodable = errors.New("undecodable")

func undecodable(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrUndecodable, fmt.Errorf(format, args...))
}

// magic begins every message in the Confluent wire format.
const magic = 0

// HeaderBytes is the length of what a record begins with, magic and schema id: records that
// begin alike were written with one schema.
const HeaderBytes = 5

// Registry looks up the schemas that other programs wrote records with.
type Registry interface {
	// SchemaText returns a schema's text by id. For an id that the registry does
	// not know, the error wraps ErrUndecodable.
	SchemaText(ctx context.Context, id int) (string, error)
}

// Codec turns records into bytes and back. It is safe for concurrent use.
type Codec struct {
	types    []reflect.Type
	registry Registry
	byType   map[reflect.Type]*format
	byName   map[string]*format

	mu   sync.RWMutex
	byID map[uint32]writer

	denied denied
}

// format is one record type as this program writes and reads it.
type format struct {
	id     uint32
	schema string
	avro   *goavro.Codec
	*binding
}

// writer is a schema that records were written with, and the format to read them as.
type writer struct {
	avro   *goavro.Codec
	reader *format
}

// NewCodec returns a codec for the records of the catalogue and the extra ones (a
// processor's state; structs, not pointers). Its schema ids are its own, counted
// from 1 in the order of the catalogue: enough for tests and within one process.
// Register replaces them with a registry's.
func NewCodec(extra ...any) (*Codec, error) {
	c := &Codec{
		byType: make(map[reflect.Type]*format),
		byName: make(map[string]*format),
		byID:   make(map[uint32]writer),
	}
	c.types = record.Types()
	for _, x := range extra {
		c.types = append(c.types, reflect.TypeOf(x))
	}
	for i, t := range c.types {
		f, err := newFormat(t)
		if err != nil {
			return nil, fmt.Errorf("schema of %s: %w", t.Name(), err)
		}
		f.id = uint32(i + 1)
		c.byType[t], c.byName[Namespace+"."+t.Name()] = f, f
		c.byID[f.id] = writer{f.avro, f}
	}
	return c, nil
}

// parsed caches the formats by type: goavro is slow to parse a schema, and every
// codec of the process needs the same ones.
var parsed sync.Map

func newFormat(t reflect.Type) (*format, error) {
	f, ok := parsed.Load(t)
	if !ok {
		made, err := parseFormat(t)
		if err != nil {
			return nil, err
		}
		f, _ = parsed.LoadOrStore(t, made)
	}
	own := *f.(*format) // the id is each codec's own
	return &own, nil
}

func parseFormat(t reflect.Type) (*format, error) {
	text, err := schemaOf(t)
	if err != nil {
		return nil, err
	}
	avro, err := goavro.NewCodec(text)
	if err != nil {
		return nil, err
	}
	b, err := bind(t)
	return &format{schema: text, avro: avro, binding: b}, err
}

// schemaOf returns the text of a record type's schema: its file in avsc, or what
// Derive returns for a processor's state.
func schemaOf(t reflect.Type) (string, error) {
	if file, err := avsc.Files.ReadFile(t.Name() + ".avsc"); err == nil {
		return string(file), nil
	}
	s, err := Derive(t, func(reflect.Type, string) string { return "" })
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(s)
	return string(text), err
}

// Encode returns the bytes of a record, a pointer to one of the codec's structs.
// It fails for another type and for a required time that is not set.
func (c *Codec) Encode(rec any) ([]byte, error) {
	v := reflect.ValueOf(rec)
	if v.Kind() != reflect.Pointer || v.IsNil() || c.byType[v.Type().Elem()] == nil {
		return nil, fmt.Errorf("encode %T: not a pointer to a record of the catalogue", rec)
	}
	f := c.byType[v.Type().Elem()]
	native, err := f.toNative(v.Elem())
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", f.typ.Name(), err)
	}
	b := make([]byte, HeaderBytes, 512)
	binary.BigEndian.PutUint32(b[1:], f.id)
	b, err = f.avro.BinaryFromNative(b, native)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", f.typ.Name(), err)
	}
	return b, nil
}

// Decode returns the record in b as a pointer to its struct. A record written with
// an older or newer compatible schema is converted to this program's. The error
// wraps ErrUndecodable, unless the registry could not be asked or should be asked
// again (ErrUnknownSchema).
func (c *Codec) Decode(ctx context.Context, b []byte) (any, error) {
	if len(b) < HeaderBytes || b[0] != magic {
		return nil, undecodable("%d bytes without the Confluent wire format's header", len(b))
	}
	w, err := c.writer(ctx, binary.BigEndian.Uint32(b[1:]))
	if err != nil {
		return nil, err
	}
	native, rest, err := w.avro.NativeFromBinary(b[HeaderBytes:])
	switch {
	case err != nil:
		return nil, undecodable("%s: %w", w.reader.typ.Name(), err)
	case len(rest) > 0:
		return nil, undecodable("%s: %d bytes left over", w.reader.typ.Name(), len(rest))
	}
	if w.avro != w.reader.avro {
		if native, err = w.reader.resolve(native); err != nil {
			return nil, undecodable("%s: %w", w.reader.typ.Name(), err)
		}
	}
	rec := reflect.New(w.reader.typ)
	if err := w.reader.fromNative(native, rec.Elem()); err != nil {
		return nil, undecodable("%s: %w", w.reader.typ.Name(), err)
	}
	return rec.Interface(), nil
}

// resolve converts a native value of another schema to the reader's: encoding it
// with the reader's schema drops the fields that the reader does not know, and fills
// in the defaults of those that the writer did not. Registration refuses every
// other difference.
func (f *format) resolve(native any) (any, error) {
	b, err := f.avro.BinaryFromNative(nil, native)
	if err != nil {
		return nil, err
	}
	native, _, err = f.avro.NativeFromBinary(b)
	return native, err
}

// writer returns the schema with an id. The registry is asked once for each new one.
func (c *Codec) writer(ctx context.Context, id uint32) (writer, error) {
	c.mu.RLock()
	w, ok := c.byID[id]
	c.mu.RUnlock()
	if ok {
		return w, nil
	}
	if c.registry == nil {
		return writer{}, undecodable("schema id %d is not known", id)
	}
	text, err := c.registry.SchemaText(ctx, int(id))
	if errors.Is(err, ErrUndecodable) {
		if again := c.denied.again(id, time.Now()); again != nil { //nolint:forbidigo // for how long, not what time it is
			return writer{}, again
		}
	}
	if err != nil {
		return writer{}, fmt.Errorf("ask the registry for schema %d: %w", id, err)
	}
	c.denied.known(id)
	avro, err := goavro.NewCodec(text)
	if err != nil {
		return writer{}, undecodable("schema %d: %w", id, err)
	}
	name := avro.TypeName()
	reader := c.byName[name.String()]
	if reader == nil {
		return writer{}, undecodable("schema %d is of %s, which this program does not know", id, name.String())
	}
	if err := Compatible(text, reader.schema); err != nil {
		if err := Compatible(reader.schema, text); err != nil {
			return writer{}, undecodable("schema %d is not compatible with this program's: %w", id, err)
		}
	}
	w = writer{avro, reader}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.byID[id] = w
	return w, nil
}

// Check returns why records wait to be decoded, nil when none does: the registry does
// not know a schema, and is asked again.
func (c *Codec) Check(now time.Time) error { return c.denied.check(now) }

// Seal wraps a personal record (ContactDetails, VehicleDetails, FreeText or
// Evidence) so that it can travel unopened.
func (c *Codec) Seal(rec any) (repair.Personal, error) {
	b, err := c.Encode(rec)
	return repair.Personal{Bytes: b}, err
}

// Open returns the personal record in p, or the zero T when p is empty.
func Open[T any](ctx context.Context, c *Codec, p repair.Personal) (T, error) {
	var zero T
	if len(p.Bytes) == 0 {
		return zero, nil
	}
	if p.KeyID != "" {
		return zero, undecodable("sealed with key %q, which this program does not have", p.KeyID)
	}
	r, err := c.Decode(ctx, p.Bytes)
	if err != nil {
		return zero, err
	}
	t, ok := r.(*T)
	if !ok {
		return zero, undecodable("a %T where a %T belongs", r, &zero)
	}
	return *t, nil
}

// OpenContact returns the details of a contact as they are now.
func OpenContact(ctx context.Context, c *Codec, contact repair.Contact) (repair.ContactDetails, error) {
	details, err := Open[repair.ContactDetails](ctx, c, contact.Personal)
	for _, x := range contact.Corrected {
		one, openErr := Open[repair.ContactDetails](ctx, c, x.Personal)
		err = errors.Join(err, openErr)
		switch x.Field {
		case repair.ContactName:
			details.Name = one.Name
		case repair.ContactEmail:
			details.Email = one.Email
		case repair.ContactPhone:
			details.Phone = one.Phone
		case repair.ContactID, repair.ContactLanguage: // not sealed
		}
	}
	return details, err
}
