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
	"pitstop/schemas/repair"
)

// sent is a log that takes commands, until it does not.
type sent struct {
	commands []repair.Command
	refuse   int // after so many batches; 0: never
	batches  int
}

func (s *sent) all(_ context.Context, cmds ...repair.Command) error {
	if s.batches++; s.refuse > 0 && s.batches > s.refuse {
		return ErrUnavailable
	}
	s.commands = append(s.commands, cmds...)
	return nil
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
		Requests: builder(t, codec), SendAll: s.all,
		Bad: func(line int, reason error) { bad = append(bad, fmt.Sprintf("%d: %v", line, reason)) },
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
		`{"garage":"de-brug","key":"k3","command":"CollectVehicle","external_ref":"WO-7","actor":{"role":"mechanic","id":"sam"}}`,
		`not json`,
		`{"garage":"de-brug","key":"k4","command":"Explode","actor":{"role":"mechanic"}}`,
		`{"garage":"nowhere","key":"k5","command":"CollectVehicle","external_ref":"WO-7","actor":{"role":"mechanic"}}`,
		`{"garage":"de-brug","key":"k6","command":"CompleteRepair","external_ref":"WO-7","actor":{"role":"mechanic"},"body":{"totl":1}}`,
		`{"garage":"de-brug","key":"k7","command":"CorrectContact","external_ref":"WO-7","actor":{"role":"mechanic"},"body":{"ready_at":"2026-05-20T16:00:00Z"}}`,
		`{"garage":"de-brug","key":"k8","command":"CollectVehicle","external_ref":"WO-7","actor":{"role":"wizard"}}`,
		`{"garage":"de-brug","key":"k9","command":"CollectVehicle","external_ref":"WO-7","occurred_at":"0001-01-01T00:00:00Z","actor":{"role":"mechanic"}}`,
		`{"garage":"de-brug","key":"` + strings.Repeat("x", maxLineBytes) + `"}`,
		`{"garage":"de-brug","key":"k10","command":"PostMessage","external_ref":"WO-7","actor":{"role":"mechanic"},"body":{"kind":"text","text":"klaar"}}`,
	}, "\n")
	got, err := im.Import(t.Context(), strings.NewReader(input))
	if !errors.Is(err, ErrBadLines) {
		t.Errorf("ended with %v, want ErrBadLines", err)
	}
	if diff := cmp.Diff(Summary{Lines: 13, Sent: 4, Bad: 8}, got); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	want := []string{
		`5: the line is not readable as JSON: invalid character 'o' in literal null (expecting 'u'), at byte 2`,
		`6: "Explode" is no command`,
		`7: invalid request: /garage: there is no garage "nowhere"`,
		`8: invalid request: /body/totl: is not a field of this request`,
		`9: the body is that of ChangeReadyTime, not of CorrectContact`,
		`10: actor.role "wizard" is no role of a sender`,
		`11: invalid request: /occurred_at: lies outside the years 2000 to 2099`,
		`12: longer than 262144 bytes`,
	}
	if diff := cmp.Diff(want, *bad); diff != "" {
		t.Errorf("bad lines (-want +got):\n%s", diff)
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

func lines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"garage":"de-brug","key":"k%d","command":"PostMessage","external_ref":"WO-%d","actor":{"role":"mechanic"},"body":{"kind":"text","text":"%d"}}`+"\n", i, i%50, i)
	}
	return b.String()
}

// An import that was cut off goes on where it was, and what it sends twice has
// the ids of the first time.
func TestImportResumes(t *testing.T) {
	state := filepath.Join(t.TempDir(), "import.state")
	input := lines(4*importBatch + 7)
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
	if diff := cmp.Diff(Summary{Lines: n, Sent: n}, got); diff != "" {
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

// The same file through another process, without any state, makes the same
// commands.
func TestImportIsRepeatable(t *testing.T) {
	var ids []map[string]int
	for range 2 {
		s := new(sent)
		im, _ := importer(t, s)
		_, err := im.Import(t.Context(), strings.NewReader(lines(60)))
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
