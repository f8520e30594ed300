package command

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"pitstop/schemas/record"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
)

// Line is one line of an import: a request as an API would have got it.
type Line struct {
	Garage  string `json:"garage"`
	Key     string `json:"key"`
	Command string `json:"command"` // the command's name, e.g. RequestApproval
	// Repair is the repair's id. ExternalRef may replace it: the garage's own
	// order number, given when the repair was started. StartRepair needs neither.
	Repair      string       `json:"repair"`
	ExternalRef string       `json:"external_ref"`
	Revision    int32        `json:"revision"` // of a quote that is decided, withdrawn or viewed
	OccurredAt  *time.Time   `json:"occurred_at"`
	Actor       repair.Actor `json:"actor"`
	Body        any          `json:"body"` // as the API takes it; absent: empty
}

// Limits of an import.
const (
	importBatch  = 500       // lines between two acknowledgements
	maxLineBytes = 256 << 10 // a longer one is bad
)

// Importer sends the commands of a file.
type Importer struct {
	Requests *request.Builder
	// SendAll writes commands in order and returns once all are acknowledged.
	SendAll func(context.Context, ...repair.Command) error
	// State is the checkpoint file; empty: none. A second run of the same input
	// resumes from it.
	State string
	// Bad is called for every line that is refused; may be nil.
	Bad func(line int, reason error)
	// Progress is called after every batch; may be nil.
	Progress func(Summary)
}

// Summary says what became of the lines of an import, earlier runs included.
type Summary struct {
	Lines int `json:"lines"`
	Sent  int `json:"sent"`
	Bad   int `json:"bad"`
}

// ErrBadLines is returned by an import that sent what it could and refused the rest.
var ErrBadLines = errors.New("some lines were refused")

// Import sends the command of every line. A bad line is reported and skipped. It
// returns ErrBadLines if there was one, and stops with another error when commands
// cannot be written: running it again resumes. The end of a batch may then be sent
// twice, which is harmless: ids follow from the lines.
func (im *Importer) Import(ctx context.Context, r io.Reader) (Summary, error) {
	in := newHashingReader(r)
	done, err := im.resume(in)
	if err != nil {
		return done, err
	}
	for more := true; more; {
		var batch []repair.Command
		for n := 0; n < importBatch; n++ {
			line, err := in.line()
			if errors.Is(err, io.EOF) {
				more = false
				break
			}
			if err != nil && !errors.Is(err, errTooLong) {
				return done, fmt.Errorf("read line %d: %w", done.Lines+1, err)
			}
			done.Lines++
			if len(bytes.TrimSpace(line)) == 0 && err == nil {
				continue
			}
			var cmd repair.Command
			if err == nil {
				cmd, err = im.command(line)
			}
			if err != nil {
				done.Bad++
				if im.Bad != nil {
					im.Bad(done.Lines, err)
				}
				continue
			}
			batch = append(batch, cmd)
		}
		if err := im.SendAll(ctx, batch...); err != nil {
			return done, fmt.Errorf("send lines up to %d: %w", done.Lines, err)
		}
		done.Sent += len(batch)
		if err := im.save(done, in); err != nil {
			return done, err
		}
		if im.Progress != nil {
			im.Progress(done)
		}
	}
	if done.Bad > 0 {
		return done, ErrBadLines
	}
	return done, nil
}

// command builds the command of a line.
func (im *Importer) command(text []byte) (repair.Command, error) {
	value, err := request.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("the line is not readable as JSON: %w", err)
	}
	var l Line
	if err := request.Fill(&l, "", value); err != nil {
		return nil, err
	}
	body := request.NewBody(l.Command)
	if body == nil {
		return nil, fmt.Errorf("%q is no command", l.Command)
	}
	if !l.Actor.Role.Staff() && !l.Actor.Role.CustomerSide() {
		return nil, fmt.Errorf("actor.role %q is no role of a sender", l.Actor.Role)
	}
	r := request.Request{
		Garage: l.Garage, RepairID: l.Repair, Revision: l.Revision, Key: l.Key, Actor: l.Actor, Body: body,
	}
	if err := request.Fill(r.Body, "/body", l.Body); err != nil {
		return nil, err
	}
	if w := r.Body.At(); w.OccurredAt == nil {
		w.OccurredAt = l.OccurredAt
	}
	switch start, ok := r.Body.(*request.StartRepair); {
	case ok && request.Clean(start.ExternalRef) == "":
		start.ExternalRef = l.ExternalRef
	case !ok && l.Repair == "" && request.Clean(l.ExternalRef) != "":
		r.RepairID = repair.RepairID(l.Garage, "external_ref", request.Clean(l.ExternalRef))
	}
	cmd, err := im.Requests.Build(r)
	if err != nil {
		return nil, err
	}
	if name := record.NameOf(cmd); name != l.Command {
		return nil, fmt.Errorf("the body is that of %s, not of %s", name, l.Command)
	}
	return cmd, nil
}

var errTooLong = fmt.Errorf("longer than %d bytes", maxLineBytes)

// line returns the next line without its end, io.EOF after the last.
func (h *hashingReader) line() ([]byte, error) {
	var line []byte
	tooLong := false
	for {
		part, err := h.ReadSlice('\n')
		h.sum.Write(part)
		h.offset += int64(len(part))
		if len(line)+len(part) > maxLineBytes {
			line, tooLong = nil, true
		}
		if !tooLong {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && (len(line) > 0 || tooLong):
		case err != nil:
			return nil, err
		}
		if tooLong {
			return nil, errTooLong
		}
		return bytes.TrimPrefix(line, []byte("\ufeff")), nil
	}
}
