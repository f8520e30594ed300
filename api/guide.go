package api

import (
	"fmt"
	"strings"
	"text/template"

	"pitstop/api/web"
)

// guide returns what heads the documentation, in Markdown: of that no more than
// headings of the second level, paragraphs, and code between backquotes.
func guide(l web.Limits) (string, error) {
	t, err := template.ParseFS(templates, "templates/guide.md")
	if err != nil {
		return "", fmt.Errorf("parse templates: %w", err)
	}
	var b strings.Builder
	err = t.Execute(&b, struct{ Staff, Guesses, Streams, Body int }{l.Staff, l.Staff / 10, maxStreams, maxBodyBytes >> 10})
	return strings.TrimSpace(b.String()), err
}

// chapter is a part of the guide as the page shows it; the first has no title.
type chapter struct {
	ID, Title  string
	Paragraphs [][]span
}

// span is text, or code.
type span struct {
	Text string
	Code bool
}

func chaptersOf(markdown string) []chapter {
	all := make([]chapter, 1)
	for _, block := range strings.Split(markdown, "\n\n") {
		if title, ok := strings.CutPrefix(block, "## "); ok {
			id := strings.ToLower(strings.NewReplacer(" ", "-", ",", "").Replace(title))
			all = append(all, chapter{ID: id, Title: title})
			continue
		}
		var spans []span
		for i, text := range strings.Split(block, "`") {
			spans = append(spans, span{text, i%2 == 1})
		}
		last := &all[len(all)-1]
		last.Paragraphs = append(last.Paragraphs, spans)
	}
	return all
}
