package command

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"pitstop/schemas/record"
	"pitstop/schemas/repair"
	"pitstop/schemas/request"
	"pitstop/schemas/typed"
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
	// AskAll writes commands in order and returns what became of them, as Client's does.
	AskAll func(context.Context, ...repair.Command) ([]Answer, error)
	// Tell people also of what is history, as a line can say of itself.
	Tell bool
	// State is the checkpoint file; empty: none. A second run of the same input
	// resumes from it.
	State string
	// Summary is the file that gets every remark, and at last what became of all, as
	// lines of JSON; empty: none.
	Summary string
	// Remark is called for every line that was not accepted, in their order; may be nil.
	Remark func(Remark)
	// Progress is called after every batch; may be nil.
	Progress func(Summary)
}

// Remark says why a line was not accepted.
type Remark struct {
	Line int `json:"line"`
	// Code is lifecycle's, invalid for a line that makes no command, or one of those below.
	Code   repair.Code `json:"code"`
	Reason string      `json:"reason"`
}

// What a line can be besides accepted or refused by lifecycle.
const (
	Duplicate  repair.Code = "duplicate"   // the same command as an earlier line, where it is counted
	DeadLetter repair.Code = "dead_letter" // refused, as lifecycle could not handle it
	Unanswered repair.Code = "unanswered"  // what became of it is not known: the import ended before
)

// Summary says what became of the lines of an import, earlier runs included. Lines that
// are empty are in Lines only.
type Summary struct {
	Lines      int `json:"lines"`
	Accepted   int `json:"accepted"`
	Repeated   int `json:"repeated"` // of the accepted ones: those that had been sent before
	Refused    int `json:"refused"`
	Duplicates int `json:"duplicates"` // see Duplicate
	Unanswered int `json:"unanswered"`
}

// String says it in words.
func (s Summary) String() string {
	words := fmt.Sprintf("%d lines, earlier runs of this file included: %d accepted, %d of them sent before; %d refused", s.Lines, s.Accepted, s.Repeated, s.Refused)
	if s.Duplicates > 0 {
		words += fmt.Sprintf("; %d the same as an earlier line", s.Duplicates)
	}
	if s.Unanswered > 0 {
		words += fmt.Sprintf("; %d not answered", s.Unanswered)
	}
	return words
}

// ErrRefused is returned by an import that was done, but for lines that were refused.
var ErrRefused = errors.New("some lines were refused")

// Import sends the command of every line and waits for its outcome. A line that is
// refused is reported, and the rest goes on. It returns ErrRefused if there was one, and
// stops with another error when commands cannot be written or are not answered: running
// it again resumes. The end of a batch may then be sent twice, which is harmless: ids
// follow from the lines.
func (im *Importer) Import(ctx context.Context, r io.Reader) (Summary, error) {
	run, err := im.resume(r)
	if err != nil {
		return Summary{}, err
	}
	err = run.all(ctx)
	if err = errors.Join(err, run.report.add(run.done), run.report.Close()); err == nil && run.done.Refused > 0 {
		err = ErrRefused
	}
	return run.done, err
}

// importing is an import under way.
type importing struct {
	*Importer
	in     *hashingReader
	done   Summary
	seen   map[fingerprint]int // the line of each command
	report report
}

// fingerprint identifies a command by its id and the digest of its request.
type fingerprint [16]byte

func fingerprintOf(cmd repair.Command) fingerprint {
	sum := sha256.Sum256([]byte(cmd.Head().EventID + " " + repair.DigestOf(cmd)))
	return fingerprint(sum[:len(fingerprint{})])
}

// batch is what is sent at once.
type batch struct {
	commands []repair.Command
	lines    []int // of the commands
	remarks  []Remark
}

// remark adds a remark.
func (b *batch) remark(line int, code repair.Code, reason string) {
	b.remarks = append(b.remarks, Remark{line, code, reason})
}

func (run *importing) all(ctx context.Context) error {
	for more := true; more; {
		var b batch
		for range importBatch {
			if err := run.next(&b); errors.Is(err, io.EOF) {
				more = false
				break
			} else if err != nil {
				return err
			}
		}
		if err := run.send(ctx, b); err != nil {
			return fmt.Errorf("send lines up to %d: %w; run it again to go on", run.done.Lines, err)
		}
		if err := run.save(); err != nil {
			return err
		}
		if run.Progress != nil {
			run.Progress(run.done)
		}
	}
	return nil
}

// next reads a line into the batch. After the last, the error is io.EOF.
func (run *importing) next(b *batch) error {
	line, err := run.in.line()
	n := run.done.Lines + 1
	switch {
	case errors.Is(err, io.EOF):
		return err
	case err != nil && !errors.Is(err, errTooLong):
		return fmt.Errorf("read line %d: %w", n, err)
	}
	run.done.Lines = n
	if err == nil && len(bytes.TrimSpace(line)) == 0 {
		return nil
	}
	var cmd repair.Command
	if err == nil {
		cmd, err = run.command(line)
	}
	if err != nil {
		b.remark(n, repair.Invalid, err.Error())
		return nil
	}
	if first := run.seen[fingerprintOf(cmd)]; first > 0 {
		b.remark(n, Duplicate, fmt.Sprintf("the same command as line %d, where it is counted", first))
		return nil
	}
	run.seen[fingerprintOf(cmd)] = n
	b.commands, b.lines = append(b.commands, cmd), append(b.lines, n)
	return nil
}

// send sends a batch and reports what was not accepted of it. What is not answered is
// reported, too, and counts as such.
func (run *importing) send(ctx context.Context, b batch) error {
	var answers []Answer
	var unanswered error
	if len(b.commands) > 0 {
		answers, unanswered = run.AskAll(ctx, b.commands...)
	}
	for i, a := range answers {
		switch code, reason := a.Refusal(); {
		case a == (Answer{}):
			b.remark(b.lines[i], Unanswered, unanswered.Error())
		case code != "":
			b.remark(b.lines[i], code, reason)
		default:
			run.done.Accepted++
			if a.Outcome.Result == repair.Duplicate {
				run.done.Repeated++
			}
		}
	}
	slices.SortFunc(b.remarks, func(a, b Remark) int { return a.Line - b.Line })
	for _, r := range b.remarks {
		*run.done.counter(r.Code)++
		if run.Remark != nil {
			run.Remark(r)
		}
		if err := run.report.add(r); err != nil {
			return errors.Join(err, unanswered)
		}
	}
	return unanswered
}

// counter returns what counts the lines with a remark.
func (s *Summary) counter(code repair.Code) *int {
	switch code {
	case Duplicate:
		return &s.Duplicates
	case Unanswered:
		return &s.Unanswered
	default:
		return &s.Refused
	}
}

// Refusal returns why a command was refused, and in words; nothing, if it was not.
func (a Answer) Refusal() (code repair.Code, reason string) {
	switch {
	case a.DeadLetter != nil:
		return DeadLetter, fmt.Sprintf("lifecycle could not handle it (%s): %s; see pitstop dead-letters list", a.DeadLetter.Reason, a.DeadLetter.Detail)
	case a.Outcome == nil:
		return "", ""
	}
	words := []string{a.Outcome.Detail}
	for _, e := range a.Outcome.Errors {
		words = append(words, e.Pointer+": "+e.Detail)
	}
	return a.Outcome.Code, strings.Join(words, "; ")
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
	case ok && typed.Clean(start.ExternalRef) == "":
		start.ExternalRef = l.ExternalRef
	case !ok && l.Repair == "" && typed.Clean(l.ExternalRef) != "":
		r.RepairID = repair.RepairID(l.Garage, "external_ref", typed.Clean(l.ExternalRef))
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
			h.cut = true
		case err != nil:
			return nil, err
		}
		if tooLong {
			return nil, errTooLong
		}
		return bytes.TrimPrefix(line, []byte("\ufeff")), nil
	}
}
