package customer_test

import (
	"io"
	"net"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"pitstop/api/apitest"
	"pitstop/schemas/link"
)

// slow is a body that never comes to its end in time.
type slow struct{}

func (slow) Read([]byte) (int, error) {
	return 0, &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}
}

// cut is a body whose connection is lost.
type cut struct{}

func (cut) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// A form that cannot be read says why, in the customer's words, and sends nothing.
func TestFormsThatAreNotRead(t *testing.T) {
	w := apitest.New(t)
	page := w.Link(w.Quoted(), link.Approver)
	sent := len(w.Sent)
	const decision = "command=x&total_seen=34800&line.1=approve&line.2=reject&confirmed=1"
	const notWell, notWellEn = "Dit is niet goed aangekomen", "This did not arrive properly"
	for _, tt := range []struct {
		name, query string
		body        func() io.Reader
		status      int
		nl, en      string
	}{
		{"an answer given twice", "", func() io.Reader { return strings.NewReader(decision + "&line.1=reject") }, 422, notWell, notWellEn},
		{"not UTF-8", "", func() io.Reader { return strings.NewReader(decision + "&name=%ff%fe") }, 400, notWell, notWellEn},
		{"a bad escape", "", func() io.Reader { return strings.NewReader("kind=text&text=100%") }, 400, notWell, notWellEn},
		{"a bad escape in the address", "&x=%zz", func() io.Reader { return strings.NewReader("kind=text&text=a") }, 400, notWell, notWellEn},
		{"too large", "", func() io.Reader { return strings.NewReader("kind=text&text=" + strings.Repeat("a", 64<<10)) }, 413, "Dit is te lang", "This is too long"},
		{"cut off", "", func() io.Reader { return io.MultiReader(strings.NewReader("kind=text&te"), cut{}) }, 400, "Dit is niet helemaal aangekomen", "This did not arrive completely"},
		{"too slow", "", func() io.Reader { return io.MultiReader(strings.NewReader("kind=text&te"), slow{}) }, 408, "Het versturen duurde te lang", "Sending took too long"},
	} {
		for _, path := range []string{"/messages", "/quotes/1/decision", "/view"} {
			for lang, says := range map[string]string{"nl": tt.nl, "en": tt.en} {
				r := httptest.NewRequest("POST", page+path+"?lang="+lang+tt.query, tt.body())
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				a := w.Do(r)
				a.Has(t, tt.status, says, "Garage De Brug")
				if a.Header.Get("Content-Language") != lang {
					t.Errorf("%s: in %s, want %s", tt.name, a.Header.Get("Content-Language"), lang)
				}
			}
		}
	}
	for header, value := range map[string]string{
		"Content-Encoding": "gzip", "Content-Type": "application/x-www-form-urlencoded; charset=iso-8859-1", "content-type": "application/json",
	} {
		for _, path := range []string{"/messages", "/quotes/1/decision", "/view"} {
			r := httptest.NewRequest("POST", page+path, strings.NewReader(decision+"&kind=text&text=a"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set(header, value)
			w.Do(r).Has(t, 415, notWell)
		}
	}
	if len(w.Sent) > sent {
		t.Errorf("sent %v", w.Sent[sent:])
	}
}
