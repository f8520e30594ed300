package request

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"pitstop/schemas/avro"
	"pitstop/schemas/garage"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// MinSecretBytes is the minimum length of a digest's secret.
const MinSecretBytes = 32

// Builder turns requests into commands. It is safe for concurrent use.
type Builder struct {
	codec   *avro.Codec
	garages *garage.Book
	secret  []byte
	clock   func() time.Time
}

// NewBuilder returns a Builder. Every process that sends commands needs the same
// secret (at least MinSecretBytes), or a retry through another one looks like
// another request.
func NewBuilder(codec *avro.Codec, garages *garage.Book, secret []byte, clock func() time.Time) (*Builder, error) {
	if len(secret) < MinSecretBytes {
		return nil, fmt.Errorf("digest secret has %d bytes, but at least %d are needed", len(secret), MinSecretBytes)
	}
	return &Builder{codec: codec, garages: garages, secret: secret, clock: clock}, nil
}

// Build checks everything that can be checked without knowing the repair, fills in
// defaults, seals personal data and assigns the command's id. If the request is
// wrong, the error is an *Invalid that lists every problem.
func (b *Builder) Build(r Request) (repair.Command, error) {
	profile, ok := b.garages.Garage(r.Garage)
	if !ok {
		return nil, &Invalid{Errors: []repair.FieldError{
			{Pointer: "/garage", Detail: fmt.Sprintf("there is no garage %q", r.Garage)},
		}}
	}
	d := &draft{Request: r, builder: b, codec: b.codec, garage: profile}
	if d.Now.IsZero() {
		d.Now = b.clock()
	}
	d.at = d.occurredAt()
	cmd, err := b.command(d)
	if err != nil {
		return nil, err
	}
	if len(d.errs) > 0 {
		return nil, &Invalid{Errors: d.errs}
	}
	id := repair.CommandID(r.Garage, d.RepairID, r.Actor, r.Key)
	*cmd.Head() = repair.Header{
		EventID: id, AggregateID: d.RepairID, GarageID: r.Garage,
		OccurredAt: d.at, Actor: r.Actor, CorrelationID: id,
	}
	return cmd, nil
}

func (b *Builder) command(d *draft) (repair.Command, error) {
	d.key()
	ask, err := b.ask(d.Request)
	if err != nil {
		return nil, err
	}
	return d.Body.command(d, ask), nil
}

// ask digests the plain request, so that lifecycle notices the same key with
// another body without seeing either. The digest is keyed, so that nobody can find
// out a sealed text by trial. Whether people are told is no part of it: the same
// request, told this time, is a repetition.
func (b *Builder) ask(r Request) (repair.Ask, error) {
	when := r.Body.At()
	said := *when
	defer func() { *when = said }()
	when.Tell = false
	body := r.Body
	if start, ok := body.(*StartRepair); ok {
		plain := *start
		plain.Garage = "" // may be in the token or the query instead
		body = &plain
	}
	plain, err := json.Marshal(map[string]any{"request": record.NameOf(r.Body), "revision": r.Revision, "body": body})
	if err != nil {
		return repair.Ask{}, fmt.Errorf("digest request: %w", err)
	}
	h := hmac.New(sha256.New, b.secret)
	h.Write(plain)
	digest := base64.RawURLEncoding.EncodeToString(h.Sum(nil))
	return repair.Ask{Digest: digest, Tell: said.Tell, LinkSequence: r.Link}, nil
}

// addressBytes truncates the digest of an address: it tells apart the few of one repair.
const addressBytes = 12

// address digests an e-mail address, so that lifecycle notices that a correction
// changed it without seeing it. The digest is keyed, and another one in every repair.
func (b *Builder) address(repairID, email string) string {
	if email == "" {
		return ""
	}
	h := hmac.New(sha256.New, b.secret)
	h.Write([]byte("address " + repairID + " " + strings.ToLower(email)))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:addressBytes])
}
