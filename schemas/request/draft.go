package request

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"pitstop/schemas/avro"
	"pitstop/schemas/garage"
	"pitstop/schemas/repair"
	"pitstop/schemas/typed"
)

// Bounds of what people write, in characters.
const (
	maxKey = 200
	// MaxText is how many characters a text may have, and all remarks of an answer together.
	MaxText = 5000
)

// Times outside these are a bug of the sender's program, such as year 1.
var (
	earliest = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2100, time.January, 1, 0, 0, 0, 0, time.UTC)
)

// draft is a request being turned into a command. Its methods return the checked
// and sealed parts, and collect what is wrong.
type draft struct {
	Request
	builder *Builder
	codec   *avro.Codec
	garage  *garage.Profile
	at      time.Time
	errs    []repair.FieldError
}

func (d *draft) bad(pointer, format string, args ...any) {
	d.errs = append(d.errs, repair.FieldError{Pointer: pointer, Detail: fmt.Sprintf(format, args...)})
}

func (d *draft) key() {
	if d.Key == "" || !utf8.ValidString(d.Key) || utf8.RuneCountInString(d.Key) > maxKey || strings.ContainsFunc(d.Key, func(r rune) bool { return !unicode.IsGraphic(r) }) {
		d.bad("", "the idempotency key must have 1 to %d printable characters", maxKey)
	}
	if _, start := d.Body.(*StartRepair); !start && !repair.ValidID(d.RepairID) {
		d.bad("", "%q is no repair's id", d.RepairID)
	}
}

func (d *draft) repairID(body *StartRepair) string {
	if ref := typed.Clean(body.ExternalRef); ref != "" {
		return repair.RepairID(d.Garage, "external_ref", ref)
	}
	return repair.RepairIDByKey(d.Garage, d.Actor, d.Key)
}

// occurredAt returns the request's own time, else now: UTC, microseconds.
func (d *draft) occurredAt() time.Time {
	now := d.Now.UTC().Truncate(time.Microsecond)
	stated := d.Body.At().OccurredAt
	if stated == nil {
		return now
	}
	at := d.time("/occurred_at", stated)
	if at.After(now.Add(repair.MaxAhead)) { // two minutes
		d.bad("/occurred_at", "lies more than two minutes ahead of %s", now.Format(time.RFC3339))
	}
	return at
}

func (d *draft) time(pointer string, t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	if t.Before(earliest) || !t.Before(latest) {
		d.bad(pointer, "lies outside the years 2000 to 2099")
	}
	return t.UTC().Truncate(time.Microsecond)
}

// deadlines returns answer_by and expires_at: a quote that does not say when
// expires at the close of the garage's second opening day (or another one, if its
// profile says so), or when its answer is due if that is later. Whether they lie in
// the future is for lifecycle to say: a request that comes again later is the same.
func (d *draft) deadlines(body *RequestApproval) (answerBy, expiresAt time.Time) {
	answerBy, expiresAt = d.time("/answer_by", body.AnswerBy), d.time("/expires_at", body.ExpiresAt)
	if body.ExpiresAt == nil {
		expiresAt = d.garage.Calendar().CloseOfOpeningDay(d.at, d.garage.Approval.ExpiresOnDay)
		if answerBy.After(expiresAt) {
			expiresAt = answerBy
		}
	}
	var asked time.Time
	if body.OccurredAt != nil {
		asked = d.at
	}
	if !expiresAt.After(asked) {
		d.bad("/expires_at", "must lie after the request")
	}
	if body.AnswerBy != nil && (!answerBy.After(asked) || answerBy.After(expiresAt)) {
		d.bad("/answer_by", "must lie after the request and not after expires_at")
	}
	return answerBy, expiresAt
}

func (d *draft) amount(pointer string, minor *int64) int64 {
	switch {
	case minor == nil:
		d.bad(pointer, "is missing")
		return 0
	case *minor < 0:
		d.bad(pointer, "must not be negative")
	}
	return *minor
}

// line checks a short text, which has no line breaks.
func (d *draft) line(pointer, s string, most int) string {
	s = typed.Clean(s)
	if n := utf8.RuneCountInString(s); n > most {
		d.bad(pointer, "has %d characters, more than %d", n, most)
	}
	if strings.ContainsFunc(s, typed.Broken) {
		d.bad(pointer, "must not contain line breaks or other control characters")
	}
	return s
}

func (d *draft) required(pointer, s string, most int) string {
	if typed.Clean(s) == "" {
		d.bad(pointer, "is missing")
	}
	return d.line(pointer, s, most)
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\u2028", "\n", "\u2029", "\n")

// prose checks a longer text, which may have line breaks.
func (d *draft) prose(pointer, s string) string {
	s = typed.Clean(lineEnds.Replace(s))
	if n := utf8.RuneCountInString(s); n > MaxText {
		d.bad(pointer, "has %d characters, more than %d", n, MaxText)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
		d.bad(pointer, "must not contain control characters")
	}
	return s
}

// text seals prose; empty prose is an empty Personal.
func (d *draft) text(pointer, s string) repair.Personal {
	if s = d.prose(pointer, s); s == "" {
		return repair.Personal{}
	}
	return d.seal(pointer, &repair.FreeText{Text: s})
}

func (d *draft) seal(pointer string, record any) repair.Personal {
	p, err := d.codec.Seal(record)
	if err != nil {
		d.bad(pointer, "cannot be sealed: %v", err)
	}
	return p
}
