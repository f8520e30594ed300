package api

import (
	"testing"

	"pitstop/schemas/repair"
)

func TestSmoke(t *testing.T) {
	w := newWorld(t)
	id := w.quoted()
	sam := w.token("sam", repair.Mechanic, "de-brug")
	for _, c := range [][3]string{
		{"GET", "/v1/repairs/" + id, ""},
		{"POST", "/v1/repairs/" + id + "/quotes", quoteBody},
		{"POST", "/v1/repairs/" + id + "/quotes/2/decision", `{"lines":[{"line":1,"answer":"approve"},{"line":2,"answer":"reject","reason":"price","text":"te duur"}],"total_seen":34800,"method":"phone","name":"J"}`},
		{"POST", "/v1/repairs/" + id + "/completion", `{"total":63700}`},
		{"POST", "/v1/repairs/" + id + "/collection", ``},
		{"GET", "/v1/repairs/" + id + "/timeline", ``},
		{"POST", "/v1/repairs", `{"vehicle":{},"customer":{"name":7},"agreed":{"lines":[{"title":"x","details":[{"kind":"foo","quantity":"1"}],"zzz":1}]}}`},
		{"POST", "/v1/repairs", `{"vehicle":`},
		{"DELETE", "/v1/repairs", ``},
		{"GET", "/nothing", ``},
	} {
		a := w.call(sam, c[0], c[1], c[2], key("k"+c[1]))
		t.Log(c[0], c[1], a.StatusCode, a.Header, a.text)
	}
}
