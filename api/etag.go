package api

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// freshness is the one field of answers that changes while what they say does not. (In
// what people wrote, quotes are escaped.)
var freshness = regexp.MustCompile(`"as_of":"[^"]*"`)

// tagged sets an entity tag on the JSON that is read, and answers 304 to clients that have
// the same already. The tag is weak: neither how fresh an answer is nor its compression matters.
func tagged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		held := &holder{ResponseWriter: w}
		next.ServeHTTP(held, r)
		if held.body == nil {
			return
		}
		answer(w, r, tagOf(freshness.ReplaceAll(held.body.Bytes(), nil)), held.body.Bytes())
	})
}

// tagOf returns the entity tag of a content, without what says that it is weak.
func tagOf(content []byte) string {
	sum := sha256.Sum256(content)
	return fmt.Sprintf(`"%x"`, sum[:16])
}

// answer answers with a body, or that the client has it, by its tag.
func answer(w http.ResponseWriter, r *http.Request, tag string, body []byte) {
	w.Header().Set("ETag", "W/"+tag)
	if has(r.Header.Values("If-None-Match"), tag) {
		w.Header().Del("Content-Type")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body) // the client has gone
}

// has reports whether one of the tags in If-None-Match is the same, weak or not.
func has(lists []string, tag string) bool {
	for given := range strings.SplitSeq(strings.Join(lists, ","), ",") {
		if given = strings.TrimSpace(given); given == "*" || strings.TrimPrefix(given, "W/") == tag {
			return true
		}
	}
	return false
}

// holder holds back the body of a successful answer in JSON; anything else passes, such as
// a stream.
type holder struct {
	http.ResponseWriter
	begun bool
	body  *bytes.Buffer // nil: the answer passes
}

// WriteHeader implements http.ResponseWriter.
func (h *holder) WriteHeader(status int) {
	if h.begun {
		return
	}
	h.begun = true
	if status == http.StatusOK && strings.HasPrefix(h.Header().Get("Content-Type"), "application/json") {
		h.body = new(bytes.Buffer)
		return
	}
	h.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (h *holder) Write(b []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	if h.body != nil {
		return h.body.Write(b)
	}
	return h.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach what is beneath.
func (h *holder) Unwrap() http.ResponseWriter { return h.ResponseWriter }
