package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/avro"
	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// sent is a log that takes commands, until it does not, and a lifecycle that accepts
// them, but for cancellations; it cannot handle collections, and says nothing of views.
type sent struct {
	commands []repair.Command
	refuse   int // after so many batches; 0: never
	batches  int
}

func (s *sent) all(_ context.Context, cmds ...repair.Command) ([]Answer, error) {
	answers := make([]Answer, len(cmds))
	if s.batches++; s.refuse > 0 && s.batches > s.refuse {
		return answers, ErrUnavailable
	}
	var err error
	for i, c := range cmds {
		o := &repair.Outcome{Result: repair.Accepted}
		if _, cancels := c.(*repair.CancelRepair); cancels {
			o.Result, o.Verdict = repair.Refused, repair.Verdict{
				Code: repair.Invalid, Detail: "it has mistakes", Errors: []repair.FieldError{{Pointer: "/reason", Detail: "is none"}},
			}
		}
		if s.ids()[c.Head().EventID] > 0 {
			o.Result = repair.Duplicate
		}
		s.commands, answers[i].Outcome = append(s.commands, c), o
		switch c.(type) {
		case *repair.CollectVehicle:
			answers[i] = Answer{DeadLetter: &record.DeadLetter{Reason: "unhandled", Detail: "panic: a bug"}}
		case *repair.RecordView:
			answers[i], err = Answer{}, ErrUnanswered
		}
	}
	return answers, err
}

func (s *sent) ids() map[string]int {
	ids := make(map[string]int)
	for _, c := range s.commands {
		ids[c.Head().EventID]++
	}
	return ids
}

func importer(t *testing.T, s *sent) (*Importer, *[]string) {
	t.Helper()
	codec, err := avro.NewCodec()
	must(t, err)
	var bad []string
	return &Importer{
		Requests: builder(t, codec), AskAll: s.all,
		Remark: func(r Remark) { bad = append(bad, fmt.Sprintf("%d: %s: %s", r.Line, r.Code, r.Reason)) },
	}, &bad
}

const start = `{"garage":"de-brug","key":"k1","command":"StartRepair","occurred_at":"2026-05-19T09:30:00+02:00","actor":{"role":"integrator","id":"dms"},
	"external_ref":"WO-7","body":{"vehicle":{"plate":"k-482-tr"},"customer":{"name":"J. de Vries"},"agreed":{"lines":[]}}}`

func oneLine(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "\n", ""), "\t", "") }

func TestImport(t *testing.T) {
	s := new(sent)
	im, bad := importer(t, s)
	input := strings.Join([]string{
		"\ufeff" + oneLine(start),
		``,
		`{"garage":"de-brug","key":"k2","command":"CompleteRepair","external_ref":"WO-7","occurred_at":"2026-05-19T15:00:00Z","actor":{"role":"mechanic","id":"sam"},"body":{"total":0}}`,
		`{"garage":"de-brug","key":"k3","command":"WithdrawQuote","external_ref":"WO-7","revision":1,"actor":{"role":"mechanic","id":"sam"}}`,
		`not json`,
		`{"garage":"de-brug","key":"k4","command":"Explode","actor":{"role":"mechanic"}}`,
		`{"garage":"nowhere","key":"k5","command":"CollectVehicle","external_ref":"WO-7","actor":{"role":"mechanic"}}`,
		`{"garage":"de-brug","key":"k6","command":"CompleteRepair","external_ref":"WO-7","actor":{"role":"mechanic"},"body":{"totl":1}}`,
		`{"garage":"de-brug","key":"k7","command":"CorrectContact","external_ref":"WO-7","actor":{"role":"mechanic"},"body":{"ready_at":"2026-05-20T16:00:00Z"}}`,
		`{"garage":"de-brug","key":"k8","command":"CollectVehicle","external_ref":"WO-7","actor":{"role":"wizard"}}`,
		`{"garage":"de-brug","key":"k9","command":"CollectVehicle","external_ref":"WO-7","occurred_at":"0001-01-01T00:00:00Z","actor":{"role":"mechanic"}}`,
		`{"garage":"de-brug","key":"` + strings.Repeat("x", maxLineBytes) + `"}`,
		`{"garage":"de-brug","key":"k10","command":"PostMessage","external_ref":"WO-7","actor":{"role":"mechanic"},"body":{"kind":"text","text":"klaar"}}`,
		`{"garage":"de-brug","key":"k11","command":"CancelRepair","external_ref":"WO-7","actor":{"role":"mechanic"}}`,
		`{"garage":"de-brug","key":"k10","command":"PostMessage","external_ref":" WO-7\u200b","actor":{"role":"mechanic"},"body":{"kind":"text","text":"klaar"}}`,
	}, "\n")
	im.Summary = filepath.Join(t.TempDir(), "summary")
	got, err := im.Import(t.Context(), strings.NewReader(input))
	if !errors.Is(err, ErrRefused) {
		t.Errorf("ended with %v, want ErrRefused", err)
	}
	if diff := cmp.Diff(Summary{Lines: 15, Accepted: 4, Refused: 9, Duplicates: 1}, got); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	want := []string{
		`5: invalid: the line is not readable as JSON: 'o' does not belong where it is, at byte 2`,
		`6: invalid: "Explode" is no command`,
		`7: invalid: invalid request: /garage: there is no garage "nowhere"`,
		`8: invalid: invalid request: /body/totl: is not a field of this request`,
		`9: invalid: the body is that of ChangeReadyTime, not of CorrectContact`,
		`10: invalid: actor.role "wizard" is no role of a sender`,
		`11: invalid: invalid request: /occurred_at: lies outside the years 2000 to 2099`,
		`12: invalid: longer than 262144 bytes`,
		`14: invalid: it has mistakes; /reason: is none`,
		`15: duplicate: the same command as line 13, where it is counted`,
	}
	if diff := cmp.Diff(want, *bad); diff != "" {
		t.Errorf("refused lines (-want +got):\n%s", diff)
	}
	summary, err := os.ReadFile(im.Summary)
	must(t, err)
	text := strings.Split(strings.TrimSuffix(string(summary), "\n"), "\n")
	if len(text) != 11 || text[8] != `{"line":14,"code":"invalid","reason":"it has mistakes; /reason: is none"}` ||
		text[10] != `{"lines":15,"accepted":4,"repeated":0,"refused":9,"duplicates":1,"unanswered":0}` {
		t.Errorf("summary:\n%s", summary)
	}
	first := s.commands[0].Head()
	if first.AggregateID != repair.RepairID("de-brug", "external_ref", "WO-7") || first.OccurredAt.Format("15:04") != "07:30" {
		t.Errorf("started as %+v", first)
	}
	for _, c := range s.commands {
		if c.Head().AggregateID != first.AggregateID {
			t.Errorf("%T is about %s, want %s", c, c.Head().AggregateID, first.AggregateID)
		}
	}
}

// lines returns lines by their keys.
func lines(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, `{"garage":"de-brug","key":"k%d","command":"PostMessage","external_ref":"WO-%d","actor":{"role":"mechanic"},"body":{"kind":"text","text":"%d"}}`+"\n", i, i%50, i)
	}
	return b.String()
}

// An import that was cut off goes on where it was, and what it sends twice has
// the ids of the first time.
func TestImportResumes(t *testing.T) {
	state := filepath.Join(t.TempDir(), "import.state")
	input := lines(0, 4*importBatch+7)
	s := &sent{refuse: 2}
	im, _ := importer(t, s)
	im.State = state
	if _, err := im.Import(t.Context(), strings.NewReader(input)); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("cut off with %v, want ErrUnavailable", err)
	}
	s.refuse = 0
	got, err := im.Import(t.Context(), strings.NewReader(input))
	must(t, err)
	n := 4*importBatch + 7
	if diff := cmp.Diff(Summary{Lines: n, Accepted: n}, got); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	ids := s.ids()
	if len(ids) != n || len(s.commands) != n {
		t.Errorf("sent %d commands with %d ids, want %d once each", len(s.commands), len(ids), n)
	}
	again, err := im.Import(t.Context(), strings.NewReader(input))
	must(t, err)
	if len(s.commands) != n || again != got {
		t.Errorf("done already: sent %d, summary %+v", len(s.commands), again)
	}
	if _, err := im.Import(t.Context(), strings.NewReader("x"+input)); err == nil || !strings.Contains(err.Error(), "are not those of the import") {
		t.Errorf("another input with the same state: %v", err)
	}
	must(t, os.WriteFile(state, []byte("{"), 0o600))
	if _, err := im.Import(t.Context(), strings.NewReader(input)); err == nil || !strings.Contains(err.Error(), "delete it to start over") {
		t.Errorf("broken state: %v", err)
	}
}

// A file whose last line had no end goes on behind that line when it is longer: lines have
// the numbers that they have in the file. If the line itself is, it is another file.
func TestImportResumesBehindALineWithoutAnEnd(t *testing.T) {
	old := strings.TrimSuffix(lines(0, 3), "\n")
	for name, c := range map[string]struct {
		more string
		want Summary
		sent int
		bad  string
		err  string
	}{
		"nothing more":       {"", Summary{Lines: 3, Accepted: 3}, 3, "", ""},
		"its end":            {"\n", Summary{Lines: 3, Accepted: 3}, 3, "", ""},
		"more lines":         {"\n" + lines(3, 5), Summary{Lines: 5, Accepted: 5}, 5, "", ""},
		"lines of Windows":   {"\r\n" + lines(3, 5), Summary{Lines: 5, Accepted: 5}, 5, "", ""},
		"an old line again":  {"\n" + lines(1, 2), Summary{Lines: 4, Accepted: 3, Duplicates: 1}, 3, "4: duplicate: the same command as line 2, where it is counted", ""},
		"more of the line":   {"}\n" + lines(3, 5), Summary{}, 3, "", "line 3 of the input was shorter"},
		"too much of it":     {strings.Repeat(" ", maxLineBytes+1) + "\n", Summary{}, 3, "", "line 3 of the input was shorter"},
		"a bad line further": {"\n\nnonsense", Summary{Lines: 5, Accepted: 3, Refused: 1}, 3, "5: invalid: ", ErrRefused.Error()},
	} {
		s := new(sent)
		im, bad := importer(t, s)
		im.State = filepath.Join(t.TempDir(), "state")
		_, err := im.Import(t.Context(), strings.NewReader(old))
		must(t, err)
		for range 2 { // and once more, when all is done
			got, err := im.Import(t.Context(), strings.NewReader(old+c.more))
			if err != nil && (c.err == "" || !strings.Contains(err.Error(), c.err)) || err == nil && c.err != "" {
				t.Errorf("%s: %v", name, err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" || len(s.commands) != c.sent {
				t.Errorf("%s: sent %d commands, want %d; summary (-want +got):\n%s", name, len(s.commands), c.sent, diff)
			}
		}
		if remarks := strings.Join(*bad, "\n"); !strings.HasPrefix(remarks, c.bad) || c.bad == "" && remarks != "" {
			t.Errorf("%s: %s", name, remarks)
		}
	}
}

// The same file through another process, without any state, makes the same
// commands.
func TestImportIsRepeatable(t *testing.T) {
	var ids []map[string]int
	for range 2 {
		s := new(sent)
		im, _ := importer(t, s)
		_, err := im.Import(t.Context(), strings.NewReader(lines(0, 60)))
		must(t, err)
		ids = append(ids, s.ids())
	}
	if diff := cmp.Diff(ids[0], ids[1]); diff != "" {
		t.Errorf("ids (-first +second):\n%s", diff)
	}
}

func FuzzImportLine(f *testing.F) {
	f.Add(oneLine(start))
	f.Add(`{"garage":"de-brug","key":"k","command":"DecideQuote","repair":"x","revision":1,"actor":{"role":"customer"},"body":{"lines":[{"line":1,"answer":"approve"}],"total_seen":1,"method":"page"}}`)
	codec, err := avro.NewCodec()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, line string) {
		im := &Importer{Requests: builder(t, codec)}
		cmd, err := im.command([]byte(line))
		if (cmd == nil) == (err == nil) {
			t.Fatalf("command %v and error %v", cmd, err)
		}
		if err != nil {
			return
		}
		if _, err := codec.Encode(cmd); err != nil {
			t.Errorf("a line was accepted that makes no record: %v", err)
		}
	})
}

// People are told of history if the flag, the line or its body says so.
func TestImportTells(t *testing.T) {
	for name, c := range map[string]struct {
		flag       bool
		line, body string
		want       bool
	}{
		"nobody":   {false, ``, ``, false},
		"all":      {true, ``, ``, true},
		"its line": {false, `"tell":true,`, ``, true},
		"its body": {false, ``, `,"tell":true`, true},
	} {
		s := new(sent)
		im, bad := importer(t, s)
		im.Tell = c.flag
		_, err := im.Import(t.Context(), strings.NewReader(`{`+c.line+`"garage":"de-brug","key":"k","command":"PostMessage","external_ref":"WO-7",`+
			`"actor":{"role":"mechanic"},"body":{"kind":"text","text":"x"`+c.body+`}}`))
		if err != nil {
			t.Fatalf("%s: %v %v", name, err, *bad)
		}
		if got := s.commands[0].(*repair.PostMessage).Tell; got != c.want {
			t.Errorf("%s: tell is %t", name, got)
		}
	}
}

// The summary has what earlier runs refused, once, also if the last was cut off after it
// had reported; and if the state is gone, what was sent counts as sent before.
func TestSummaryOfSeveralRuns(t *testing.T) {
	dir := t.TempDir()
	refused := "nonsense\n"
	input := refused + lines(0, importBatch) + refused + lines(importBatch, 2*importBatch-1) + refused
	s := &sent{refuse: 1}
	im, _ := importer(t, s)
	im.State, im.Summary = filepath.Join(dir, "state"), filepath.Join(dir, "summary")
	if _, err := im.Import(t.Context(), strings.NewReader(input)); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("cut off with %v", err)
	}
	before, err := os.ReadFile(im.Summary)
	must(t, err)
	must(t, os.WriteFile(im.Summary, append(before, `{"line":502,"co`...), 0o600)) // then it was killed
	s.refuse = 0
	sum, err := im.Import(t.Context(), strings.NewReader(input))
	if !errors.Is(err, ErrRefused) {
		t.Fatal(err)
	}
	report := func() string {
		text, err := os.ReadFile(im.Summary)
		must(t, err)
		return string(text)
	}
	want := report()
	var at []string
	for line := range strings.Lines(want) {
		at = append(at, line[:min(len(line), 13)])
	}
	if diff := cmp.Diff([]string{`{"line":1,"co`, `{"line":502,"`, `{"line":1002,`, `{"lines":1002`}, at); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	if again, err := im.Import(t.Context(), strings.NewReader(input)); !errors.Is(err, ErrRefused) || again != sum || report() != want {
		t.Errorf("done already: %v, %+v\n%s", err, again, report())
	}
	must(t, os.Remove(im.State))
	fresh, err := im.Import(t.Context(), strings.NewReader(input))
	if !errors.Is(err, ErrRefused) || fresh.Repeated != fresh.Accepted || fresh.Refused != 3 || strings.Count(report(), "\n") != 4 {
		t.Errorf("without its state: %v, %+v\n%s", err, fresh, report())
	}
}

const said = `{"garage":"de-brug","key":"%s","command":"%s","external_ref":"WO-7","revision":1,"actor":{"role":"mechanic"}%s}` + "\n"

// text is the body of a message.
const text = `,"body":{"kind":"text","text":"klaar"}`

// A line that lifecycle could not handle is refused, with the reason. The rest goes on.
func TestALineThatBecameADeadLetter(t *testing.T) {
	s := new(sent)
	im, remarks := importer(t, s)
	got, err := im.Import(t.Context(), strings.NewReader(fmt.Sprintf(said+said, "k1", "CollectVehicle", "", "k2", "PostMessage", text)))
	if !errors.Is(err, ErrRefused) {
		t.Errorf("ended with %v, want ErrRefused", err)
	}
	if diff := cmp.Diff(Summary{Lines: 2, Accepted: 1, Refused: 1}, got); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	want := []string{"1: dead_letter: lifecycle could not handle it (unhandled): panic: a bug; see pitstop dead-letters list"}
	if diff := cmp.Diff(want, *remarks); diff != "" {
		t.Errorf("remarks (-want +got):\n%s", diff)
	}
}

// A line that is not answered is named, in the summary, too; the rest of its batch has
// its answers, and nothing after it is sent. Run again, each line counts once.
func TestALineThatIsNotAnswered(t *testing.T) {
	s := new(sent)
	im, remarks := importer(t, s)
	dir := t.TempDir()
	im.State, im.Summary = filepath.Join(dir, "state"), filepath.Join(dir, "summary")
	input := lines(0, importBatch) + fmt.Sprintf(said+said+said, "k1", "RecordView", "", "k2", "CancelRepair", "", "k3", "PostMessage", text) + lines(importBatch, 2*importBatch)
	const view = importBatch + 1
	for range 2 {
		*remarks = nil
		got, err := im.Import(t.Context(), strings.NewReader(input))
		if !errors.Is(err, ErrUnanswered) || errors.Is(err, ErrRefused) {
			t.Errorf("ended with %v, want ErrUnanswered", err)
		}
		if got.Lines != 2*importBatch || got.Unanswered != 1 || got.Refused != 1 || got.Accepted != 2*importBatch-2 {
			t.Errorf("summary %+v", got)
		}
		if !strings.HasPrefix((*remarks)[0], fmt.Sprint(view, ": unanswered: it is on the log")) || !strings.HasPrefix((*remarks)[1], fmt.Sprint(view+1, ": invalid")) {
			t.Errorf("remarks %v", (*remarks)[:2])
		}
		summary, err := os.ReadFile(im.Summary)
		must(t, err)
		if n := strings.Count(string(summary), `"code":"unanswered"`); n != 1 || !strings.HasPrefix(string(summary), fmt.Sprintf(`{"line":%d,"code":"unanswered"`, view)) ||
			!strings.HasSuffix(string(summary), `"unanswered":1}`+"\n") {
			t.Errorf("summary file:\n%s", summary)
		}
	}
	if n := len(s.commands); n != 3*importBatch {
		t.Errorf("%d commands were sent", n)
	}
}

// An import that is stopped when all is done is done.
func TestAnImportThatIsStoppedAtItsEnd(t *testing.T) {
	s := &sent{refuse: 1}
	im, _ := importer(t, s)
	got, err := im.Import(t.Context(), strings.NewReader(lines(0, importBatch)+"\n"))
	if err != nil || got.Accepted != importBatch {
		t.Errorf("%+v, %v", got, err)
	}
}

// The same file, told this time or not, makes the same commands.
func TestTellingMakesNoOtherCommand(t *testing.T) {
	var prints [2][]fingerprint
	for i, tell := range []bool{false, true} {
		s := new(sent)
		im, _ := importer(t, s)
		im.Tell = tell
		_, err := im.Import(t.Context(), strings.NewReader(lines(0, 60)+oneLine(start)))
		must(t, err)
		for _, c := range s.commands {
			prints[i] = append(prints[i], fingerprintOf(c))
		}
	}
	if diff := cmp.Diff(prints[0], prints[1]); diff != "" || len(prints[0]) != 61 {
		t.Errorf("commands (-not told +told):\n%s", diff)
	}
}

// A command that is twice in a file counts once, also where an interrupted import goes on
// between the two, or where one of them is told.
func TestACommandTwiceInAFile(t *testing.T) {
	s := &sent{refuse: 2}
	im, remarks := importer(t, s)
	im.State = filepath.Join(t.TempDir(), "state")
	first := lines(0, 3*importBatch)
	input := first + strings.Replace(lines(0, 2), `"body"`, `"tell":true,"body"`, 1)
	if _, err := im.Import(t.Context(), strings.NewReader(input)); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("cut off with %v", err)
	}
	s.refuse, *remarks = 0, nil
	got, err := im.Import(t.Context(), strings.NewReader(input))
	must(t, err)
	if diff := cmp.Diff(Summary{Lines: 3*importBatch + 2, Accepted: 3 * importBatch, Duplicates: 2}, got); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	want := []string{"1501: duplicate: the same command as line 1, where it is counted", "1502: duplicate: the same command as line 2, where it is counted"}
	if diff := cmp.Diff(want, *remarks); diff != "" {
		t.Errorf("remarks (-want +got):\n%s", diff)
	}
	if len(s.commands) != 3*importBatch {
		t.Errorf("%d commands were sent", len(s.commands))
	}
}
