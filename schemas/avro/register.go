package avro

import (
	"context"
	"errors"
	"fmt"

	"pitstop/schemas/record"
)

// ErrIncompatible means that a schema was not registered: its records could not be
// read together with those already written.
var ErrIncompatible = errors.New("incompatible schema")

// Registrar is a schema registry that takes new schemas.
type Registrar interface {
	Registry
	// Lookup returns the id of exactly this schema under the subject.
	Lookup(ctx context.Context, subject, text string) (id int, found bool, err error)
	// Latest returns the newest schema of the subject.
	Latest(ctx context.Context, subject string) (text string, found bool, err error)
	// Create adds a schema to the subject and returns its id.
	Create(ctx context.Context, subject, text string) (int, error)
}

// Register makes sure that the registry knows every schema of the codec, which uses
// the registry's ids from then on. The subjects of the extra records begin with
// subjects. A schema that Compatible refuses is not registered: the error says why.
func (c *Codec) Register(ctx context.Context, r Registrar, subjects string) error {
	byID := make(map[uint32]writer, len(c.byType))
	for _, t := range c.types {
		f := c.byType[t]
		of, ok := record.SubjectPrefix(t)
		if !ok {
			of = subjects
		}
		id, err := register(ctx, r, of+"-"+Namespace+"."+t.Name(), f.schema)
		if err != nil {
			return err
		}
		f.id = uint32(id)
		byID[f.id] = writer{f.avro, f}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.registry, c.byID = r, byID
	return nil
}

func register(ctx context.Context, r Registrar, subject, text string) (int, error) {
	id, found, err := r.Lookup(ctx, subject, text)
	if err != nil || found {
		return id, err
	}
	latest, found, err := r.Latest(ctx, subject)
	if err != nil {
		return 0, err
	}
	if found {
		if err := Compatible(latest, text); err != nil {
			return 0, fmt.Errorf("%w of %s, compared with the one in use: %w", ErrIncompatible, subject, err)
		}
	}
	return r.Create(ctx, subject, text)
}
