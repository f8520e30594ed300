package kafka

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/twmb/franz-go/pkg/sr"

	"pitstop/schemas/avro"
)

// Codec connects to the registry and returns a codec, see [NewCodec]. Where the registry is
// away and the brokers are, too, the error says both, and the brokers first.
func (c Config) Codec(ctx context.Context, clientID, subjects string, extra ...any) (*avro.Codec, error) {
	registry, err := c.RegistryClient(clientID)
	if err != nil {
		return nil, err
	}
	codec, err := NewCodec(ctx, registry, subjects, extra...)
	if away := new(url.Error); ctx.Err() == nil && errors.As(err, &away) {
		if broker := c.reach(ctx, clientID); broker != nil {
			return nil, fmt.Errorf("%w; and %w", broker, err)
		}
	}
	return codec, err
}

// NewCodec registers every record of the catalogue, and the extra ones, and
// returns the codec that writes them with the registry's ids. subjects names the
// subjects of the extra records (a processor's changelog).
//
// A schema that is not compatible with the subject's latest is refused with the
// reason, and nothing is written with it.
func NewCodec(ctx context.Context, cl *sr.Client, subjects string, extra ...any) (*avro.Codec, error) {
	codec, err := avro.NewCodec(extra...)
	if err != nil {
		return nil, err
	}
	err = codec.Register(ctx, registry{cl}, subjects)
	if away := new(url.Error); errors.As(err, &away) {
		return nil, fmt.Errorf("register schemas: %w; is --registry-url right, and the schema registry running?", err)
	}
	if err != nil {
		return nil, fmt.Errorf("register schemas: %w", err)
	}
	return codec, nil
}

// registry adapts the client to what a Codec asks of a registry.
type registry struct{ cl *sr.Client }

func (r registry) SchemaText(ctx context.Context, id int) (string, error) {
	s, err := r.cl.SchemaByID(ctx, id)
	if notFound(err) {
		return "", fmt.Errorf("%w: %w", avro.ErrUndecodable, err)
	}
	return s.Schema, err
}

func (r registry) Lookup(ctx context.Context, subject, text string) (int, bool, error) {
	s, err := r.cl.LookupSchema(ctx, subject, sr.Schema{Schema: text})
	if notFound(err) {
		return 0, false, nil
	}
	return s.ID, err == nil, err
}

func (r registry) Latest(ctx context.Context, subject string) (string, bool, error) {
	s, err := r.cl.SchemaByVersion(ctx, subject, -1)
	if notFound(err) {
		return "", false, nil
	}
	return s.Schema.Schema, err == nil, err
}

func (r registry) Create(ctx context.Context, subject, text string) (int, error) {
	s, err := r.cl.CreateSchema(ctx, subject, sr.Schema{Schema: text})
	return s.ID, err
}

// notFound reports the registry's answers "no such subject, version or schema"
// (404xx), which are facts and not failures. A 404 that is not in its words comes
// from something else that answers at its address, and is a failure.
func notFound(err error) bool {
	var re *sr.ResponseError
	return errors.As(err, &re) && re.StatusCode == http.StatusNotFound && (re.ErrorCode == 404 || re.ErrorCode/100 == 404)
}
