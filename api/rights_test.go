package api_test

import (
	"bytes"
	"strings"
	"testing"

	"pitstop/api"
	"pitstop/api/apitest"
	"pitstop/schemas/garage"
	"pitstop/schemas/repair"
)

// Programs write messages and record answers only where the garage's file says so,
// each for itself; the refusal names the setting.
func TestIntegratorsHaveTheRightsOfTheirGaragesFile(t *testing.T) {
	const messages, decisions = "messages", "decisions"
	decision := `{"lines":[{"line":1,"answer":"approve"},{"line":2,"answer":"approve"}],"total_seen":38795,"method":"phone","name":"J"}`
	for _, given := range []string{"", messages, decisions} {
		file := garage.Sample
		if given != "" {
			file = bytes.Replace(file, []byte("# integrators: [messages, decisions]"), []byte("integrators: ["+given+"]"), 1) // of de-brug
		}
		book, err := garage.Parse(file)
		apitest.Must(t, err)
		w := apitest.New(t, func(c *api.Config) { c.Garages = book })
		at := "/v1/repairs/" + w.Quoted()
		both := w.Token("dms", repair.Integrator, "de-brug", "noord")
		for right, ask := range map[string]func(key string) apitest.Answer{
			messages: func(key string) apitest.Answer {
				return w.Call(both, "POST", at+"/messages", `{"kind":"text","text":"Klaar om vijf uur"}`, apitest.Key(key))
			},
			decisions: func(key string) apitest.Answer {
				return w.Call(both, "POST", at+"/quotes/1/decision", decision, apitest.Key(key))
			},
		} {
			a := ask("k-" + right)
			if right == given {
				if a.StatusCode/100 != 2 {
					t.Errorf("with %q, %s: %d %s", given, right, a.StatusCode, a.Text)
				}
				continue
			}
			a.Problem(t, 403, "forbidden")
			if detail, _ := a.JSON["detail"].(string); !strings.Contains(detail, "de-brug") || !strings.Contains(detail, right+" under integrators") {
				t.Errorf("with %q, %s: detail %q", given, right, detail)
			}
		}
		if h := w.Last().Head(); given != "" && h.Actor != (repair.Actor{Role: repair.Integrator, ID: "dms"}) {
			t.Errorf("sent as %+v", h.Actor)
		}
	}
}
