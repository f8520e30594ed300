package api

import (
	"net/url"
	"os"
	"strings"
	"testing"

	"pitstop/schemas/link"
	"pitstop/schemas/repair"
)

func TestWhatPeopleWriteIsEscaped(t *testing.T) {
	w := newWorld(t)
	const evil = `\"><script>alert(1)</script><img src=x onerror=alert(2)>`
	sam := w.token("sam", repair.Mechanic, "de-brug")
	body := strings.NewReplacer("Volkswagen Golf", evil, "J. de Vries", evil, "Kleine beurt en APK", evil).Replace(orderBody)
	id := w.call(sam, "POST", "/v1/repairs", body, key("s")).json["repair_id"].(string)
	quote := strings.NewReplacer("Remschijven en remblokken vóór vervangen", evil, "Zonder deze reparatie keuren we de auto niet goed voor de APK.", evil, "Remblokken", evil).Replace(quoteBody)
	w.call(sam, "POST", "/v1/repairs/"+id+"/quotes", quote, key("q")).want(t, 201, nil)
	w.call(sam, "POST", "/v1/repairs/"+id+"/messages", `{"kind":"text","text":"`+evil+`"}`, key("m")).want(t, 201, nil)
	page := w.page(id, link.Approver)
	plain := strings.ReplaceAll(evil, `\`, "")
	fields := []string{"command", plain, "line.1", "reject", "line.2", "approve", "reason.1", plain, "text.1", plain, "name", plain}
	for _, a := range []answer{
		w.open(page),
		w.open(page + "?lang=" + url.QueryEscape(plain)),
		w.post(page+"/quotes/1/decision", fields[:4]...),
		w.post(page+"/quotes/1/decision", fields...),
		w.post(page+"/quotes/1/decision", append(fields, "confirmed", "1", "total_seen", "3995")...),
		w.post(page+"/messages", "kind", plain, "text", plain, "command", plain),
	} {
		a.has(t, a.StatusCode, "!<script>alert", "!<img")
	}
}

// Every text exists in both languages, and is used.
func TestTexts(t *testing.T) {
	var source strings.Builder
	for _, name := range []string{"templates/page.html", "templates/forms.html"} {
		b, err := files.ReadFile(name)
		must(t, err)
		source.Write(b)
	}
	for _, name := range []string{"customer.go", "customer_quote.go", "customer_send.go", "customer_show.go", "customer_story.go"} {
		b, err := os.ReadFile(name)
		must(t, err)
		source.Write(b)
	}
	for k, text := range texts {
		if text.nl == "" || text.en == "" {
			t.Errorf("%q lacks a language", k)
		}
		if strings.Count(text.nl, "%") != strings.Count(text.en, "%") {
			t.Errorf("%q takes other arguments in English", k)
		}
		stem, tail, _ := strings.Cut(k, " ")
		ofPage := (tail == "head" || tail == "text") && strings.Contains(source.String(), `"`+stem+`"`)
		if !ofPage && !strings.Contains(source.String(), `"`+k+`"`) {
			t.Errorf("%q is not used", k)
		}
	}
}
