package customer_test

import (
	"net/url"
	"strings"
	"testing"

	"pitstop/api/apitest"
	"pitstop/schemas/link"
	"pitstop/schemas/repair"
)

func TestWhatPeopleWriteIsEscaped(t *testing.T) {
	w := apitest.New(t)
	const evil = `\"><script>alert(1)</script><img src=x onerror=alert(2)>`
	sam := w.Token("sam", repair.Mechanic, "de-brug")
	body := strings.NewReplacer("Volkswagen Golf", evil, "J. de Vries", evil, "Kleine beurt en APK", evil).Replace(apitest.OrderBody)
	id := w.Call(sam, "POST", "/v1/repairs", body, apitest.Key("s")).JSON["repair_id"].(string)
	quote := strings.NewReplacer("Remschijven en remblokken vóór vervangen", evil, "Zonder deze reparatie keuren we de auto niet goed voor de APK.", evil, "Remblokken", evil).Replace(apitest.QuoteBody)
	w.Call(sam, "POST", "/v1/repairs/"+id+"/quotes", quote, apitest.Key("q")).Want(t, 201, nil)
	w.Call(sam, "POST", "/v1/repairs/"+id+"/messages", `{"kind":"text","text":"`+evil+`"}`, apitest.Key("m")).Want(t, 201, nil)
	page := w.Link(id, link.Approver)
	plain := strings.ReplaceAll(evil, `\`, "")
	fields := []string{"command", plain, "line.1", "reject", "line.2", "approve", "reason.1", plain, "text.1", plain, "name", plain}
	for _, a := range []apitest.Answer{
		w.Get(page),
		w.Get(page + "?lang=" + url.QueryEscape(plain)),
		w.Post(page+"/quotes/1/decision", fields[:4]...),
		w.Post(page+"/quotes/1/decision", fields...),
		w.Post(page+"/quotes/1/decision", append(fields, "confirmed", "1", "total_seen", "3995")...),
		w.Post(page+"/messages", "kind", plain, "text", plain, "command", plain),
	} {
		a.Has(t, a.StatusCode, "!<script>alert", "!<img")
	}
}
