package dashboards

import (
	"cmp"
	"io/fs"
	"path"
	"strings"
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

// A file of SQL that no panel and no alert has would be kept for nobody.
func TestEveryFileOfSQLIsUsed(t *testing.T) {
	used := map[string]bool{"functions": true, "period": true, "elapsed": true} // parts of others
	for _, d := range All {
		for _, p := range d.Panels {
			used[cmp.Or(p.File, p.ID)] = true
		}
	}
	for _, a := range Alerts {
		used[a.ID] = true
	}
	names, err := fs.Glob(files, "sql/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if id := strings.TrimSuffix(path.Base(name), ".sql"); !used[id] {
			t.Errorf("nothing uses %s", name)
		}
	}
}
