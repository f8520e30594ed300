package command

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
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
	Tell        bool         `json:"tell"`
	Actor       repair.Actor `json:"actor"`
	Body        any          `json:"body"` // as the API takes it; absent: empty
}

// Limits of an import.
const (
	importBatch  = 500       // lines that are sent at once
	maxLineBytes = 256 << 10 // a longer one is bad
)

// Importer sends the commands of a file and waits for their outcomes.
type Importer struct {
	Requests *request.Builder
	// AskAll writes commands in order and returns their outcomes.
	AskAll func(context.Context, ...repair.Command) ([]*repair.Outcome, error)
	// Tell people also of what is history, as a line can say of itself.
	Tell bool
	// State is the checkpoint file; empty: none. A second run of the same input
	// resumes from it.
	State string
	// Summary is the file that gets every refusal, and at last what became of all, as
	// lines of JSON; empty: none.
	Summary string
	// Refused is called for every line that is refused, in their order; may be nil.
	Refused func(Refusal)
	// Progress is called after every batch; may be nil.
	Progress func(Summary)
}

// Refusal says why a line was refused: because it makes no command, or by lifecycle.
type Refusal struct {
	Line   int         `json:"line"`
	Code   repair.Code `json:"code"`
	Reason string      `json:"reason"`
}

// Summary says what became of the lines of an import, earlier runs included.
type Summary struct {
	Lines    int `json:"lines"`
	Accepted int `json:"accepted"`
	Repeated int `json:"repeated"` // of the accepted ones: those that had been sent before
	Refused  int `json:"refused"`
}

// ErrRefused is returned by an import that was done, but for lines that were refused.
var ErrRefused = errors.New("some lines were refused")

// Import sends the command of every line and waits for its outcome. A line that is
// refused is reported, and the rest goes on. It returns ErrRefused if there was one, and
// stops with another error when commands cannot be written or are not answered: running
// it again resumes. The end of a batch may then be sent twice, which is harmless: ids
// follow from the lines.
func (im *Importer) Import(ctx context.Context, r io.Reader) (done Summary, err error) {
	run, err := im.resume(newHashingReader(r))
	if err != nil {
		return Summary{}, err
	}
	defer func() { err = errors.Join(err, run.report.Close()) }()
	for more := true; more; {
		var b batch
		if b, more, err = run.read(); err != nil {
			return run.done, err
		}
		if err := run.send(ctx, b); err != nil {
			return run.done, fmt.Errorf("send lines up to %d: %w; run it again to go on", run.done.Lines, err)
		}
		if err := run.save(); err != nil {
			return run.done, err
		}
		if im.Progress != nil {
			im.Progress(run.done)
		}
	}
	if err := run.report.add(run.done); err != nil {
		return run.done, err
	}
	if run.done.Refused > 0 {
		return run.done, ErrRefused
	}
	return run.done, nil
}

// importing is an import under way.
type importing struct {
	*Importer
	in     *hashingReader
	done   Summary
	report report
}

// batch is what is sent at once.
type batch struct {
	commands []repair.Command
	lines    []int // of the commands
	refused  []Refusal
}

// read reads the lines of the next batch. At the end of the input, more is false.
func (run *importing) read() (b batch, more bool, err error) {
	for range importBatch {
		line, err := run.in.line()
		if errors.Is(err, io.EOF) {
			return b, false, nil
		}
		if err != nil && !errors.Is(err, errTooLong) {
			return b, false, fmt.Errorf("read line %d: %w", run.done.Lines+1, err)
		}
		run.done.Lines++
		if len(bytes.TrimSpace(line)) == 0 && err == nil {
			continue
		}
		var cmd repair.Command
		if err == nil {
			cmd, err = run.command(line)
		}
		if err != nil {
			b.refused = append(b.refused, Refusal{run.done.Lines, repair.Invalid, err.Error()})
			continue
		}
		b.commands, b.lines = append(b.commands, cmd), append(b.lines, run.done.Lines)
	}
	return b, true, nil
}

// send sends a batch and reports what was refused of it.
func (run *importing) send(ctx context.Context, b batch) error {
	outcomes, err := run.AskAll(ctx, b.commands...)
	if err != nil {
		return err
	}
	for i, o := range outcomes {
		switch {
		case o.Code != "":
			b.refused = append(b.refused, Refusal{b.lines[i], o.Code, inWords(o.Verdict)})
			continue
		case o.Result == repair.Duplicate:
			run.done.Repeated++
		}
		run.done.Accepted++
	}
	run.done.Refused += len(b.refused)
	slices.SortFunc(b.refused, func(a, b Refusal) int { return a.Line - b.Line })
	for _, r := range b.refused {
		if run.Refused != nil {
			run.Refused(r)
		}
		if err := run.report.add(r); err != nil {
			return err
		}
	}
	return nil
}

// inWords returns why a command was refused.
func inWords(v repair.Verdict) string {
	words := []string{v.Detail}
	for _, e := range v.Errors {
		words = append(words, e.Pointer+": "+e.Detail)
	}
	return strings.Join(words, "; ")
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
	w := r.Body.At()
	w.Tell = w.Tell || l.Tell || im.Tell
	if w.OccurredAt == nil {
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
