package request_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/record"
	"pitstop/schemas/request"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]any{
		`63700`: int64(63700), `63700.0`: int64(63700), `6.37e4`: int64(63700), `6.37E+4`: int64(63700), `637000e-1`: int64(63700), `-0`: int64(0), `0e0`: int64(0), `-0.0`: int64(0),
		`9223372036854775807`: int64(math.MaxInt64), `9223372036854775807.0`: int64(math.MaxInt64), `9007199254740993`: int64(9007199254740993),
		`9223372036854775808`: json.Number("9223372036854775808"), `63700.5`: json.Number("63700.5"), `63700.000000000000000001`: json.Number("63700.000000000000000001"),
		`1e400`: json.Number("1e400"), `1e999999999`: json.Number("1e999999999"), `1e-999999999`: json.Number("1e-999999999"),
		`"é"`: "é", "\tnull\n": nil, `true`: true, `[]`: []any{}, `{"a":{"a":[1,{}]}}`: map[string]any{"a": map[string]any{"a": []any{int64(1), map[string]any{}}}},
	} {
		got, err := request.Parse([]byte(text))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
		}
	}
	for text, want := range map[string]string{
		"":                            "ends too early",
		`{"a":`:                       "ends too early",
		`{"a":1,}`:                    "'}' does not belong where it is, at byte 8",
		`{} {}`:                       "'{' does not belong where it is, at byte 4",
		`NaN`:                         "'N' does not belong where it is, at byte 1",
		`01`:                          "'1' does not belong where it is, at byte 2",
		"\ufeff{}":                    "byte order mark",
		"\"\xff\"":                    "not UTF-8",
		"{\x00\"\x00a\x00":            `'\x00' does not belong where it is, at byte 2`,
		`{"a":1,"b":2,"a":1}`:         "/a is there twice",
		`{"x":[{"a~/b":1,"a~/b":1}]}`: "/x/0/a~0~1b is there twice",
		`{"a":1,"\u0061":2}`:          "/a is there twice",
		strings.Repeat("[", 33) + strings.Repeat("]", 33):           "lie within each other",
		strings.Repeat("[", 200_000):                                "lie within each other",
		strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40): "lie within each other",
	} {
		if _, err := request.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %q", text, err, want)
		}
	}
}

func TestFill(t *testing.T) {
	fill := func(text string, into any) error {
		value, err := request.Parse([]byte(text))
		must(t, err)
		return request.Fill(into, "", value)
	}
	var got request.StartRepair
	must(t, fill(order, &got))
	if diff := cmp.Diff(*read[request.StartRepair](t, order), got); diff != "" {
		t.Errorf("as encoding/json reads it (-want +got):\n%s", diff)
	}
	var done request.CompleteRepair
	must(t, fill(`{"total":63700.0,"reason":null,"occurred_at":"2026-05-20T10:00:00+02:00"}`, &done))
	if *done.Total != 63700 || done.Reason != "" || !done.OccurredAt.Equal(time.Date(2026, 5, 20, 8, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", done)
	}
	err := fill(`{"Total":1,"total":"1","reason":7,"occurred_at":"2026-05-20","When":{},"occurred":[]}`, &done)
	if diff := cmp.Diff([]string{"/Total", "/When", "/occurred", "/occurred_at", "/reason", "/total"}, pointers(err)); diff != "" {
		t.Errorf("all mistakes at once (-want +got):\n%s", diff)
	}
	var decide request.DecideQuote
	err = fill(`{"lines":[{"line":2147483648},{"line":1.5},7,{"answer":true}],"total_seen":1e30}`, &decide)
	if diff := cmp.Diff([]string{"/lines/0/line", "/lines/1/line", "/lines/2", "/lines/3/answer", "/total_seen"}, pointers(err)); diff != "" {
		t.Errorf("within lists (-want +got):\n%s", diff)
	}
	for _, other := range []string{`[]`, `7`, `"x"`, `true`} {
		if diff := cmp.Diff([]string{""}, pointers(fill(other, new(request.CompleteRepair)))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", other, diff)
		}
	}
}

// What encoding/json reads into a body without loss, Fill reads the same; what it
// refuses, it refuses in the caller's words.
func FuzzFill(f *testing.F) {
	f.Add("StartRepair", order)
	f.Add("CompleteRepair", `{"total":63700.0,"occurred_at":"2026-05-20T10:00:00Z"}`)
	f.Add("DecideQuote", `{"lines":[{"line":1,"answer":"approve","text":null}],"total_seen":1e30,"method":7}`)
	f.Add("CorrectContact", `{"contact":{"name":null,"email":1}}`)
	f.Add("RequestApproval", `{"prices_include_vat":"x","lines":{"a":1},"expires_at":"2026-13-01T00:00:00Z"}`)
	f.Fuzz(func(t *testing.T, command, text string) {
		body := request.NewBody(command)
		if body == nil {
			return
		}
		value, err := request.Parse([]byte(text))
		if err == nil {
			err = request.Fill(body, "", value)
		}
		if err == nil {
			if _, err := json.Marshal(body); err != nil {
				t.Errorf("%s makes %s that is no JSON: %v", text, record.NameOf(body), err)
			}
			return
		}
		said := err.Error()
		if invalid := new(request.Invalid); errors.As(err, &invalid) {
			said = "" // pointers hold the caller's own words
			for _, e := range invalid.Errors {
				said += e.Detail + "\n"
			}
		}
		for _, word := range []string{"Go ", "struct", "2006-01-02", "json:", "unmarshal", "int64", "int32", "time.Time", "parsing time", "reflect"} {
			if strings.Contains(said, word) && !strings.Contains(text, word) {
				t.Errorf("%q is refused with %q", text, said)
			}
		}
	})
}
