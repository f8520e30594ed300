package api_test

import (
	"compress/gzip"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"pitstop/api/apitest"
	"pitstop/schemas/link"
	"pitstop/schemas/repair"
)

// JSON, the document and assets are compressed for clients that accept it; pages are not.
func TestWhatIsReadIsCompressed(t *testing.T) {
	w := apitest.New(t)
	id := w.Quoted()
	page := w.Link(id, link.Approver)
	token := w.Token("sam", repair.Mechanic, "de-brug")
	ask := func(path string) *http.Response {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Accept-Encoding", "gzip")
		rec := httptest.NewRecorder()
		w.API.ServeHTTP(rec, r)
		return rec.Result()
	}
	for _, path := range []string{"/v1/repairs/" + id, "/v1/repairs", "/v1/events", "/openapi.json"} {
		a := ask(path)
		if a.StatusCode != 200 || a.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(a.Header.Get("Vary"), "Accept-Encoding") {
			t.Errorf("%s: %d %v", path, a.StatusCode, a.Header)
			continue
		}
		plain, err := gzip.NewReader(a.Body)
		apitest.Must(t, err)
		var body map[string]any
		apitest.Must(t, json.NewDecoder(plain).Decode(&body))
	}
	for _, path := range []string{page, "/docs", "/signed-out"} {
		if a := ask(path); a.StatusCode != 200 || a.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s: %d %v", path, a.StatusCode, a.Header)
		}
	}
}

// What is compressed is sent whole, and so is everything else: a range would be one of
// bytes that nobody has.
func TestNothingIsSentInPart(t *testing.T) {
	w := apitest.New(t)
	docs := w.Call("", "GET", "/docs", "").Text
	sheet := regexp.MustCompile(`/assets/[^"]+\.css`).FindString(docs)
	token := w.Token("sam", repair.Mechanic, "de-brug")
	for _, path := range []string{"/openapi.json", "/docs", sheet, "/v1/repairs"} {
		for _, encoding := range []string{"gzip", "identity"} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Header.Set("Authorization", "Bearer "+token)
			r.Header.Set("Accept-Encoding", encoding)
			r.Header.Set("Range", "bytes=0-9")
			rec := httptest.NewRecorder()
			w.API.ServeHTTP(rec, r)
			if h := rec.Header(); rec.Code != 200 || h.Get("Accept-Ranges")+h.Get("Content-Range") != "" || rec.Body.Len() <= 10 {
				t.Errorf("%s as %s: %d with %d bytes, %v", path, encoding, rec.Code, rec.Body.Len(), h)
			}
		}
	}
}

// Who has read something is told that it is still the same, and gets it when it is not.
func TestWhatIsReadHasATag(t *testing.T) {
	w := apitest.New(t)
	id := w.Quoted()
	token := w.Token("els", repair.CustomerService, "de-brug")
	ask := func(method, path, tag string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		if tag != "" {
			r.Header.Set("If-None-Match", tag)
		}
		rec := httptest.NewRecorder()
		w.API.ServeHTTP(rec, r)
		return rec
	}
	for _, path := range []string{"/v1/repairs/" + id, "/v1/repairs/" + id + "/timeline", "/v1/repairs", "/v1/conversations", "/v1/events"} {
		first := ask("GET", path, "")
		tag := first.Header().Get("ETag")
		if first.Code != 200 || !strings.HasPrefix(tag, `W/"`) || first.Body.Len() == 0 {
			t.Errorf("%s: %d with ETag %q", path, first.Code, tag)
		}
		for _, method := range []string{"GET", "HEAD"} {
			if again := ask(method, path, tag); again.Code != 304 || again.Body.Len() > 0 || again.Header().Get("ETag") != tag {
				t.Errorf("%s %s again: %d with %d bytes", method, path, again.Code, again.Body.Len())
			}
		}
		if other := ask("GET", path, `W/"00"`); other.Code != 200 || other.Body.String() == "" {
			t.Errorf("%s with another tag: %d", path, other.Code)
		}
	}
	if a := ask("GET", "/v1/repairs/"+repair.RepairID("de-brug", "key", "none"), "*"); a.Code != 404 {
		t.Errorf("what there is not: %d", a.Code)
	}
	before := ask("GET", "/v1/repairs/"+id, "").Header().Get("ETag")
	w.Call(w.Token("sam", repair.Mechanic, "de-brug"), "POST", "/v1/repairs/"+id+"/quotes/1/withdrawal", "", "Idempotency-Key: w").Want(t, 200, nil)
	if a := ask("GET", "/v1/repairs/"+id, before); a.Code != 200 || a.Header().Get("ETag") == before {
		t.Errorf("what has changed: %d with the same tag", a.Code)
	}
}

// Who has the document, or its page, is told that it is still the same.
func TestTheDocumentIsSentOnce(t *testing.T) {
	w := apitest.New(t)
	for _, path := range []string{"/openapi.json", "/docs"} {
		first := w.Call("", "GET", path, "")
		tag := first.Header.Get("ETag")
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("If-None-Match", tag)
		again := httptest.NewRecorder()
		w.API.ServeHTTP(again, r)
		if first.StatusCode != 200 || !strings.HasPrefix(tag, `W/"`) || again.Code != 304 || again.Body.Len() > 0 {
			t.Errorf("%s: %d with ETag %q, then %d with %d bytes", path, first.StatusCode, tag, again.Code, again.Body.Len())
		}
	}
}
