package request

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"pitstop/schemas/avro"
	"pitstop/schemas/garage"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// maxAhead is how far a request's occurred_at may lie ahead of the clock.
const maxAhead = 2 * time.Minute

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
	d := &draft{Request: r, codec: b.codec, garage: profile}
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
	id := repair.CommandID(r.Garage, d.RepairID, r.Key)
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
	switch body := d.Body.(type) {
	case *StartRepair:
		d.RepairID = d.repairID(body)
		return &repair.StartRepair{
			Ask: ask, ExternalRef: d.line("/external_ref", body.ExternalRef, 100),
			Vehicle: d.vehicle(body.Vehicle), Customer: d.contact("/customer", body.Customer),
			Approver: d.approver(body.Approver), ReadyAt: d.time("/ready_at", body.ReadyAt),
			Bay: d.line("/bay", body.Bay, 50), Agreed: d.work("/agreed", body.Agreed, false),
		}, nil
	case *RequestApproval:
		answerBy, expiresAt := d.deadlines(body)
		return &repair.RequestApproval{
			Ask: ask, Work: d.work("", body.Work, true), AnswerBy: answerBy, ExpiresAt: expiresAt,
		}, nil
	case *WithdrawQuote:
		return &repair.WithdrawQuote{Ask: ask, Revision: d.Revision, Reason: d.text("/reason", body.Reason)}, nil
	case *DecideQuote:
		return d.decision(ask, body), nil
	case *Change:
		return d.change(ask, body), nil
	case *CompleteRepair:
		reason := d.text("/reason", body.Reason)
		return &repair.CompleteRepair{
			Ask: ask, Total: d.amount("/total", body.Total), ReasonGiven: len(reason.Bytes) > 0, Reason: reason,
		}, nil
	case *CollectVehicle:
		return &repair.CollectVehicle{Ask: ask}, nil
	case *CancelRepair:
		return &repair.CancelRepair{Ask: ask, Reason: d.text("/reason", body.Reason)}, nil
	case *PostMessage:
		return d.message(ask, body), nil
	case *RecordView:
		return &repair.RecordView{Ask: ask, Revision: d.Revision}, nil
	}
	return nil, fmt.Errorf("build command: %T is no request", d.Body)
}

// ask digests the plain request, so that lifecycle notices the same key with
// another body without seeing either. The digest is keyed, so that nobody can find
// out a sealed text by trial.
func (b *Builder) ask(r Request) (repair.Ask, error) {
	body := r.Body
	if start, ok := body.(*StartRepair); ok {
		plain := *start
		plain.Garage = "" // may be in the token or the query instead
		body = plain
	}
	plain, err := json.Marshal(map[string]any{"request": record.NameOf(r.Body), "revision": r.Revision, "body": body})
	if err != nil {
		return repair.Ask{}, fmt.Errorf("digest request: %w", err)
	}
	h := hmac.New(sha256.New, b.secret)
	h.Write(plain)
	return repair.Ask{Digest: base64.RawURLEncoding.EncodeToString(h.Sum(nil))}, nil
}
