package customer

import (
	"os"
	"strings"
	"testing"
)

// Every text exists in both languages, and is used.
func TestTexts(t *testing.T) {
	var source strings.Builder
	for _, name := range []string{
		"templates/page.html", "templates/forms.html",
		"answer.go", "decide.go", "look.go", "mount.go", "quote.go", "send.go", "story.go", "write.go",
	} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(b)
	}
	for k, text := range texts {
		if text.NL == "" || text.EN == "" {
			t.Errorf("%q lacks a language", k)
		}
		if strings.Count(text.NL, "%") != strings.Count(text.EN, "%") {
			t.Errorf("%q takes other arguments in English", k)
		}
		stem, tail, _ := strings.Cut(k, " ")
		ofPage := (tail == "head" || tail == "text") && strings.Contains(source.String(), `"`+stem+`"`)
		if !ofPage && !strings.Contains(source.String(), `"`+k+`"`) {
			t.Errorf("%q is not used", k)
		}
	}
}
