package dashboards

import (
	"testing"
	"time"
)

func TestExpand(t *testing.T) {
	at := time.Date(2026, 5, 18, 8, 0, 0, 0, time.UTC)
	c := Choice{Garages: []string{"brug", `o'\`}, From: at, To: at.Add(time.Hour), Now: at.Add(time.Minute), Clock: "drop table", Repair: "r"}
	for _, tc := range []struct{ sql, want string }{
		{"IN (${garage:singlequote})", `IN ('brug','o\'\\')`},
		{"'${clock}'", "'opening'"},
		{"= ${repair:singlequote}", "= 'r'"},
		{"$__fromTime_ms", "fromUnixTimestamp64Milli(1779091200000)"},
		{"$__toTime_ms", "fromUnixTimestamp64Milli(1779094800000)"},
		{"now64(6)", "fromUnixTimestamp64Micro(1779091260000000, 'UTC')"},
	} {
		if got := Expand(tc.sql, c); got != tc.want {
			t.Errorf("Expand(%s) = %s, want %s", tc.sql, got, tc.want)
		}
	}
	if got := Expand("IN (${garage:singlequote})", Choice{}); got != "IN ('')" {
		t.Errorf("no garage becomes %s", got)
	}
}
