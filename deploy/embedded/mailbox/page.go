package mailbox

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"
)

const (
	pageSize = 25

	// A page has its own style sheet and the frame of a mail, nothing else.
	pagePolicy = "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	// A mail runs nothing, fetches nothing and reaches nothing of the page; its
	// links open in tabs of their own.
	framePermits = "allow-popups allow-popups-to-escape-sandbox"
	mailPolicy   = "sandbox " + framePermits + "; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

var (
	//go:embed page.html
	pageText string
	//go:embed style.css
	style []byte

	pages = template.Must(template.New("page").Funcs(template.FuncMap{
		"when":  func(t time.Time) string { return t.Local().Format("Monday 2 January 2006 15:04:05") },
		"short": func(t time.Time) string { return t.Local().Format("2 Jan 15:04:05") },
	}).Parse(pageText))

	head = regexp.MustCompile(`(?i)<head(\s[^>]*)?>`)
)

// Handler serves the mails of s: GET /messages?to=ADDRESS&after=ID as JSON,
// newest last, everything else for people.
func Handler(s *Store, log *slog.Logger) http.Handler {
	h := handler{s, log}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", h.list)
	mux.HandleFunc("GET /messages", h.messages)
	mux.HandleFunc("GET /messages/{id}", h.message)
	mux.HandleFunc("GET /messages/{id}/html", h.html)
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write(style) // the client may be gone
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", pagePolicy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	})
}

type handler struct {
	store *Store
	log   *slog.Logger
}

// mailWithin bounds how long a client may take to read one mail of many.
const mailWithin = 30 * time.Second

// messages writes one mail after another, so that not all are in memory at once.
func (h handler) messages(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	between := "["
	for _, e := range h.store.entries(r.FormValue("to"), r.FormValue("after")) {
		mail, err := h.store.open(e)
		if errors.Is(err, ErrNotFound) {
			continue // replaced meanwhile
		}
		var text []byte
		if err == nil {
			text, err = json.Marshal(mail)
		}
		if err != nil {
			h.log.Error("mailbox could not read a mail", "error", err)
			panic(http.ErrAbortHandler) // cuts the answer short, so that it is no JSON
		}
		// All of them may take longer than a server lets a response take.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(mailWithin)) // in a test there is no connection
		if _, err := w.Write(append([]byte(between), text...)); err != nil {
			return // the client is gone
		}
		between = ","
	}
	if between == "[" {
		_, _ = w.Write([]byte("["))
	}
	_, _ = w.Write([]byte("]\n"))
}

// listPage is one page of the list, newest first.
type listPage struct {
	To           string
	Mails        []Mail
	Total        int
	First, Last  int // positions of the mails shown, from 1
	Newer, Older int // page numbers; 0: none
	Page         int
}

func (h handler) list(w http.ResponseWriter, r *http.Request) {
	p := listPage{To: r.FormValue("to"), Page: 1}
	entries := h.store.entries(p.To, "")
	slices.Reverse(entries)
	p.Total = len(entries)
	pageCount := max(1, (p.Total+pageSize-1)/pageSize)
	if n, err := strconv.Atoi(r.FormValue("page")); err == nil {
		p.Page = min(max(n, 1), pageCount)
	}
	p.First = (p.Page-1)*pageSize + 1
	p.Last = min(p.Page*pageSize, p.Total)
	p.Newer = p.Page - 1
	if p.Page < pageCount {
		p.Older = p.Page + 1
	}
	for _, e := range entries[min(p.First-1, p.Total):p.Last] {
		mail, err := h.store.open(e)
		if errors.Is(err, ErrNotFound) {
			continue // replaced meanwhile
		}
		if err != nil {
			h.fail(w, err)
			return
		}
		p.Mails = append(p.Mails, mail)
	}
	h.render(w, "list", p)
}

// messagePage is one mail with one of its parts.
type messagePage struct {
	Mail
	Part    string // html, text or source
	Source  string
	Permits string
}

func (h handler) message(w http.ResponseWriter, r *http.Request) {
	mail, raw, err := h.store.find(r.PathValue("id"))
	if err != nil {
		h.fail(w, err)
		return
	}
	p := messagePage{Mail: mail, Part: r.FormValue("part"), Permits: framePermits}
	switch p.Part {
	case "html", "text":
	case "source":
		p.Source = string(raw)
	default:
		if p.Part = "html"; mail.HTML == "" {
			p.Part = "text"
		}
	}
	h.render(w, "message", p)
}

// html serves the HTML part of a mail, for the frame of its page.
func (h handler) html(w http.ResponseWriter, r *http.Request) {
	mail, _, err := h.store.find(r.PathValue("id"))
	if err != nil {
		h.fail(w, err)
		return
	}
	w.Header().Set("Content-Security-Policy", mailPolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(openInTabs(mail.HTML))) // the client may be gone
}

// openInTabs makes the links of a mail open outside of its frame.
func openInTabs(html string) string {
	const base = `<base target="_blank">`
	if at := head.FindStringIndex(html); at != nil {
		return html[:at[1]] + base + html[at[1]:]
	}
	return base + html
}

func (h handler) render(w http.ResponseWriter, name string, data any) {
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, name, data); err != nil {
		h.fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(page.Bytes()) // the client may be gone
}

func (h handler) fail(w http.ResponseWriter, err error) {
	if errors.Is(err, ErrNotFound) {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	h.log.Error("mailbox could not show a page", "error", err)
	http.Error(w, "the mailbox could not read its files, the log says why", http.StatusInternalServerError)
}
