package web

import (
	"bytes"
	"context"
	"errors"
	"html/template"
	"log/slog"
	"mime"
	"net/http"
	"os"
	"strings"
	"unicode/utf8"

	"pitstop/schemas/locale"
)

// maxFormBytes is the largest form that is read.
const maxFormBytes = 64 << 10

// ParseForm reads a page's form of at most 64 KiB. It returns 0, or else the status
// for a form that was too large, came too slowly, is no form, or says two things at once;
// err wraps io.ErrUnexpectedEOF where it did not come to its end.
func ParseForm(w http.ResponseWriter, r *http.Request) (status int, err error) {
	if EncodedOtherwise(r.Header.Get("Content-Encoding")) || !isForm(r.Header.Get("Content-Type")) {
		return http.StatusUnsupportedMediaType, nil
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	err = r.ParseForm()
	large := new(http.MaxBytesError)
	switch {
	case err == nil:
		for _, values := range r.PostForm {
			switch {
			case len(values) > 1: // whichever was meant
				return http.StatusUnprocessableEntity, nil
			case !utf8.ValidString(values[0]):
				return http.StatusBadRequest, nil
			}
		}
		return 0, nil
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge, err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return http.StatusRequestTimeout, err
	}
	return http.StatusBadRequest, err
}

// isForm reports whether a Content-Type is that of a form in UTF-8; empty: there is nothing
// in it.
func isForm(contentType string) bool {
	media, parameters, err := mime.ParseMediaType(contentType)
	return contentType == "" || err == nil && media == "application/x-www-form-urlencoded" && InUTF8(parameters)
}

// EncodedOtherwise reports whether a Content-Encoding says that a body is not sent as it is.
func EncodedOtherwise(encoding string) bool {
	return encoding != "" && !strings.EqualFold(encoding, "identity")
}

// InUTF8 reports whether the parameters of a media type name no other charset.
func InUTF8(parameters map[string]string) bool {
	charset := parameters["charset"]
	return charset == "" || strings.EqualFold(charset, "utf-8")
}

// LangOf returns the language for a page: the one chosen, or else the first known
// one that the browser names.
func LangOf(r *http.Request) locale.Lang {
	return locale.Fold(append([]string{r.URL.Query().Get("lang")}, strings.Split(r.Header.Get("Accept-Language"), ",")...)...)
}

// WritePage answers with the page that a template renders from data.
func WritePage(w http.ResponseWriter, log *slog.Logger, status int, lang locale.Lang, t *template.Template, data any) {
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		log.Error("cannot render a page", "error", err)
		NewProblem(CodeInternal, "").Write(w)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", string(lang))
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the client is gone: nobody to tell
}

// LogFailure logs why a request was not answered. A client that went away is no
// error.
func LogFailure(log *slog.Logger, what string, err error) {
	level := slog.LevelError
	if errors.Is(err, context.Canceled) {
		level = slog.LevelDebug
	}
	log.Log(context.Background(), level, "cannot answer a request", "failed", what, "error", err)
}
