package avro

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

func TestRecordsReadAsJSON(t *testing.T) {
	c, err := NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	seal := func(r any) repair.Personal {
		p, err := c.Seal(r)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	type inner struct {
		Number int32  `avro:"number" json:"line"`
		Title  string `avro:"title"`
	}
	type example struct {
		repair.Header
		repair.Fact
		repair.Ask
		record.Notice
		Attempt int32           `avro:"attempt"`
		At      time.Time       `avro:"at"`
		Never   time.Time       `avro:"never"`
		Contact *repair.Contact `avro:"contact"`
		Nobody  *repair.Contact `avro:"nobody"`
		Vehicle repair.Personal `avro:"vehicle"`
		Text    repair.Personal `avro:"text"`
		Empty   repair.Personal `avro:"empty"`
		Lines   []inner         `avro:"lines"`
		None    []inner         `avro:"none"`
		Key     []byte          `avro:"key"`
		Given   bool            `avro:"given"`
	}
	n := &example{
		Header:  repair.Header{EventID: "e", AggregateID: "r"},
		Notice:  record.Notice{Kind: record.NotifyMessage, RestsOn: 3, Recipient: repair.Actor{Role: repair.Customer}},
		Attempt: 2,
		At:      time.Date(2026, 5, 20, 12, 0, 0, 120_000, time.FixedZone("", 2*60*60)),
		Contact: &repair.Contact{
			ID: "c1", Channels: []repair.Channel{repair.Email},
			Personal: seal(&repair.ContactDetails{Name: "J. de Vries", Email: "j@example.nl"}),
		},
		Vehicle: seal(&repair.VehicleDetails{Plate: "K482TR", Country: "NL"}),
		Text:    seal(&repair.FreeText{Text: "\"Hoi\"\n\x01 <b>"}),
		Lines:   []inner{{1, "Remmen"}, {2, ""}},
		Key:     []byte{1, 2},
	}
	got, err := c.AppendJSON(t.Context(), nil, n)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"kind":"message","rests_on":3,"revision":0,"recipient":{"role":"customer"},` +
		`"attempt":2,"at":"2026-05-20T10:00:00.00012Z",` +
		`"contact":{"id":"c1","channels":["email"],"name":"J. de Vries","email":"j@example.nl"},` +
		`"vehicle":{"plate":"K482TR","country":"NL"},"text":"\"Hoi\"\u000a\u0001 <b>",` +
		`"lines":[{"line":1,"title":"Remmen"},{"line":2}],"key":"AQI=","given":false}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}

func TestJSONOfARecordThatCannotBeOpened(t *testing.T) {
	c, err := NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]repair.Personal{
		"junk":   {Bytes: []byte("junk")},
		"sealed": {KeyID: "k1", Bytes: []byte("sealed")},
	} {
		if _, err := c.AppendJSON(t.Context(), nil, &repair.MessagePosted{Text: p}); !strings.Contains(err.Error(), "undecodable") {
			t.Errorf("%s: %v, want it to be undecodable", name, err)
		}
	}
}

func TestJSONTextIsWhatEncodingJSONReads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + rapid.String().Draw(t, "text")
		var got string
		if err := json.Unmarshal(appendText(nil, s), &got); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		if want := strings.ToValidUTF8(s, "\ufffd"); strings.ReplaceAll(got, "\ufffd", "") != strings.ReplaceAll(want, "\ufffd", "") {
			t.Fatalf("%q reads as %q", s, got)
		}
	})
}
