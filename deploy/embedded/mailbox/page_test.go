package mailbox

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"pitstop/deploy/browser"
)

func serve(t *testing.T, s *Store) string {
	t.Helper()
	server := httptest.NewServer(Handler(s, slog.New(slog.DiscardHandler)))
	t.Cleanup(server.Close)
	return server.URL
}

func get(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestMessagesAsJSON(t *testing.T) {
	s := open(t, t.TempDir(), 10)
	url := serve(t, s)
	ask := func(query string) (got []map[string]any) {
		response, body := get(t, url+"/messages"+query)
		if kind := response.Header.Get("Content-Type"); kind != "application/json" {
			t.Errorf("content type %q", kind)
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatalf("%q: %v", body, err)
		}
		return got
	}
	if got := ask(""); got == nil || len(got) != 0 {
		t.Errorf("an empty mailbox is %v, want []", got)
	}
	deliver(t, s, "j@example.nl", quote)
	deliver(t, s, "k@example.nl", quote)
	deliver(t, s, "j@example.nl", "Subject: klaar\r\n\r\nx")
	got := ask("?to=j%40example.nl")
	if len(got) != 2 || got[1]["subject"] != "klaar" {
		t.Fatalf("got %v, want two mails, the newest last", got)
	}
	for _, field := range []string{"id", "message_id", "to", "subject", "text", "html", "received_at"} {
		if _, ok := got[0][field].(string); !ok {
			t.Errorf("field %s is %v, want text", field, got[0][field])
		}
	}
	if later := ask("?after=" + got[0]["id"].(string)); len(later) != 2 {
		t.Errorf("%d mails after the first, want 2", len(later))
	}
}

// All mails may take longer than the server lets a response take: each gets time of
// its own.
func TestMessagesTakeTheirTime(t *testing.T) {
	s := open(t, t.TempDir(), 10)
	deliver(t, s, "j@example.nl", quote)
	deliver(t, s, "k@example.nl", quote)
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	Handler(s, slog.New(slog.DiscardHandler)).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/messages", http.NoBody))
	if w.set != 2 {
		t.Errorf("%d deadlines for two mails", w.set)
	}
}

type deadlines struct {
	*httptest.ResponseRecorder
	set int
}

func (d *deadlines) SetWriteDeadline(time.Time) error { d.set++; return nil }

const nasty = `"><script>alert(1)</script>`

// TestPagesAreSafe sends markup in all that a sender chooses.
func TestPagesAreSafe(t *testing.T) {
	s := open(t, t.TempDir(), 10)
	deliver(t, s, nasty+"@example.nl", "From: "+nasty+"\r\nSubject: "+nasty+"\r\nContent-Type: text/html\r\n\r\n<script>alert(2)</script>")
	url := serve(t, s)
	for _, path := range []string{"/", "/?to=" + nasty, "/messages/1", "/messages/1?part=text", "/messages/1?part=source", "/messages/1?part=" + nasty} {
		response, body := get(t, url+strings.ReplaceAll(strings.ReplaceAll(path, " ", "%20"), "\"", "%22"))
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d", path, response.StatusCode)
		}
		if strings.Contains(body, "<script") {
			t.Errorf("%s lets markup through", path)
		}
		policy := response.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "script") {
			t.Errorf("%s has policy %q", path, policy)
		}
		if outside := regexp.MustCompile(`(?:src|href|action)="(?:https?:)?//`).FindString(body); outside != "" {
			t.Errorf("%s refers to %s, outside of this server", path, outside)
		}
	}
	response, _ := get(t, url+"/messages/1/html")
	if policy := response.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'") {
		t.Errorf("the mail has policy %q", policy)
	}
}

func TestUnknownMailIsNotFound(t *testing.T) {
	s := open(t, t.TempDir(), 1)
	deliver(t, s, "a@example.nl", quote)
	deliver(t, s, "a@example.nl", quote)
	url := serve(t, s)
	for _, path := range []string{"/messages/1", "/messages/3", "/messages/x", "/messages/1/html"} {
		if response, body := get(t, url+path); response.StatusCode != http.StatusNotFound || !strings.Contains(body, "no such mail") && !strings.Contains(body, "replaced") {
			t.Errorf("%s: status %d, %q", path, response.StatusCode, body)
		}
	}
}

func TestListPages(t *testing.T) {
	s := open(t, t.TempDir(), 100)
	for n := range 60 {
		deliver(t, s, "a@example.nl", fmt.Sprintf("Subject: mail-%d.\r\n\r\nx", n+1))
	}
	url := serve(t, s)
	for query, says := range map[string][]string{
		"":         {"mail-60.", "mail-36.", "1 to 25 of 60", "Older"},
		"?page=2":  {"mail-35.", "mail-11.", "26 to 50 of 60", "Older", "Newer"},
		"?page=3":  {"mail-10.", "mail-1.", "51 to 60 of 60", "Newer"},
		"?page=99": {"51 to 60 of 60"},
		"?page=-1": {"1 to 25 of 60"},
		"?to=b@c":  {"No mail to b@c"},
	} {
		_, body := get(t, url+"/"+query)
		for _, want := range says {
			if !strings.Contains(body, want) {
				t.Errorf("/%s does not say %q", query, want)
			}
		}
	}
}

// TestInABrowser looks at the pages as people do: nothing may make them scroll
// sideways, and the link of a mail must leave its frame.
func TestInABrowser(t *testing.T) {
	visited := make(chan string, 1)
	customerPage := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/c/token" {
			select {
			case visited <- r.URL.Path:
			default:
			}
		}
	}))
	defer customerPage.Close()
	s := open(t, t.TempDir(), 100)
	for range 3 {
		deliver(t, s, "een.klant.met.een.heel.lange.naam@voorbeeld.example.nl", strings.NewReplacer(
			"http://127.0.0.1/c/t", customerPage.URL+"/c/token", "=3D", "=3D").Replace(quote))
	}
	url := serve(t, s)
	ctx := browser.Start(t)
	for name, path := range map[string]string{"list": "/", "mail": "/messages/3", "text": "/messages/3?part=text", "source": "/messages/3?part=source"} {
		for _, width := range []int64{390, 1280} {
			browser.Screenshot(t, ctx, width, 844, url+path, filepath.Join(t.ArtifactDir(), fmt.Sprintf("%s-%d.png", name, width)))
		}
	}
	browser.Open(t, ctx, 390, 844, url+"/")
	if err := chromedp.Do(ctx,
		chromedp.Click(chromedp.CSS(".mails li:first-child a")),
		chromedp.WaitVisible(chromedp.CSS("iframe")),
	); err != nil {
		t.Fatal(err)
	}
	// The mail is another origin to its page: click where its link is. More than once,
	// and looking again where that is: nothing tells when the frame is ready for it, or
	// has its place.
	for {
		box := browser.Value(t, ctx, chromedp.Evaluate[struct{ X, Y float64 }](`(r => ({X: r.x + 25, Y: r.y + 18}))(document.querySelector("iframe").getBoundingClientRect())`))
		if err := chromedp.Do(ctx, chromedp.MouseClickXY(box.X, box.Y)); err != nil {
			t.Fatalf("click the link of the mail, which did not open: %v", err)
		}
		select {
		case <-visited:
			return
		case <-time.After(200 * time.Millisecond):
		}
	}
}
