package identity

import (
	"bytes"
	_ "embed" // the page
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"pitstop/schemas/locale"
	"pitstop/schemas/repair"
)

// fewGarages is up to how many garages all people are shown, and there is no search.
const fewGarages = 3

var (
	//go:embed login.html
	pageText string
	//go:embed style.css
	style []byte

	pages = template.Must(template.New("login").Parse(pageText))
)

// login asks who signs in.
type login struct{ *storage }

// page is the data of the template.
type page struct {
	locale.Voice
	Head    string
	Request string // id; empty: there is nobody to pick
	Text    string // why not
	Again   string // where to begin anew
	Error   string
	Asked   string // what was searched for
	Search  bool
	All     *option // the manager of all garages; nil: not searched for
	Garages []group
}

// group is a garage with the people who were searched for.
type group struct {
	ID, Name, City string
	Open           bool
	People         []option
}

// option is a person to pick; between the parts of a name there may be a new line.
type option struct {
	Hint string
	Name []string
	Role string
}

func (o option) text() string { return strings.Join(o.Name, "") + "\n" + o.Role }

// authorize passes requests on. Whoever came from an address that is not the client's
// reads what to do, of which the library would say nothing.
func (l login) authorize(next http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		back := r.FormValue("redirect_uri")
		if r.FormValue("client_id") != ClientID || back == "" || slices.Contains(client{l.Origins}.RedirectURIs(), back) {
			next.ServeHTTP(w, r)
			return
		}
		l.stop(w, r, http.StatusBadRequest, "elsewhere", origin(back))
	}
}

// ask shows everybody, or goes on where somebody has been picked.
func (l login) ask(w http.ResponseWriter, r *http.Request) {
	waiting, ok := l.request(r.URL.Query().Get("request"))
	switch {
	case !ok:
		l.stop(w, r, http.StatusGone, "expired")
	case waiting.Done():
		http.Redirect(w, r, callback(waiting.id), http.StatusSeeOther)
	default:
		l.show(w, r, http.StatusOK, waiting, "")
	}
}

// callback returns where a request goes on whose person is picked.
func callback(id string) string { return callbackPath + "?id=" + id }

// pick signs in who was picked.
func (l login) pick(w http.ResponseWriter, r *http.Request) {
	id := r.PostFormValue("request")
	waiting, ok := l.request(id)
	switch {
	case !ok || waiting.Done():
		l.stop(w, r, http.StatusGone, "expired")
	case !l.storage.pick(id, r.PostFormValue("person")):
		l.show(w, r, http.StatusUnprocessableEntity, waiting, "gone")
	default:
		http.Redirect(w, r, callback(waiting.id), http.StatusSeeOther)
	}
}

func (l login) show(w http.ResponseWriter, r *http.Request, status int, waiting *request, wrong string) {
	p := l.page(r, waiting)
	p.Head, p.Request, p.Asked = p.T("who"), waiting.id, strings.TrimSpace(r.URL.Query().Get("q"))
	if wrong != "" {
		p.Error = p.T(wrong)
	}
	p.list(l.storage)
	// Browsers hold a form's redirects, too, to form-action.
	l.write(w, status, p, "'self' "+origin(waiting.RedirectURI))
}

// stop says why nobody signs in, and where to begin anew.
func (l login) stop(w http.ResponseWriter, r *http.Request, status int, why string, args ...any) {
	p := l.page(r, nil)
	p.Head, p.Text = p.T(why), p.T(why+" text", args...)
	l.write(w, status, p, "'none'")
}

// page returns a page in the language that the client asks for, or else the browser.
func (l login) page(r *http.Request, waiting *request) *page {
	var tags []string
	if waiting != nil {
		for _, tag := range waiting.UILocales {
			tags = append(tags, tag.String())
		}
	}
	tags = append(tags, strings.FieldsFunc(r.Header.Get("Accept-Language"), func(c rune) bool { return c == ',' || c == ';' })...)
	return &page{Voice: locale.Voice{Lang: locale.Fold(tags...), Texts: texts}, Again: l.Origins[0] + beginPath}
}

// list fills in the people whose name or garage has what was asked for in it.
func (p *page) list(s *storage) {
	asked := strings.ToLower(p.Asked)
	has := func(texts ...string) bool { return strings.Contains(strings.ToLower(strings.Join(texts, "\n")), asked) }
	if all := p.option(ManagerOfAll(s.Garages)); has(all.text()) {
		p.All = &all
	}
	garages := s.Garages.Garages()
	p.Search = len(garages) > fewGarages
	for _, profile := range garages {
		g := group{ID: profile.ID, Name: profile.Name, City: profile.City, Open: !p.Search || p.Asked != ""}
		whole := has(profile.ID, profile.Name, profile.City)
		for _, person := range People(profile) {
			if o := p.option(person); whole || has(o.text()) {
				g.People = append(g.People, o)
			}
		}
		if len(g.People) > 0 {
			p.Garages = append(p.Garages, g)
		}
	}
}

func (p *page) option(person Person) option {
	if person.Hint == managerHint {
		return option{person.Hint, []string{p.T("manager of all")}, p.T("all garages")}
	}
	roles := make([]string, len(person.Roles))
	for i, role := range person.Roles {
		roles[i] = p.T("role " + string(role))
	}
	return option{person.Hint, strings.SplitAfter(person.Name, "@"), p.Lang.And(roles...)}
}

func (l login) write(w http.ResponseWriter, status int, p *page, formAction string) {
	var b bytes.Buffer
	if err := pages.Execute(&b, p); err != nil {
		l.Log.Error("cannot show the sign-in page", "error", err)
		http.Error(w, "the page could not be made, the log says why", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action "+formAction+"; base-uri 'none'; frame-ancestors 'none'")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", string(p.Lang))
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the client may be gone
}

// origin returns the scheme and host of a URL that was checked before.
func origin(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

var texts = locale.Texts{
	"title":          {NL: "Inloggen bij Pitstop", EN: "Sign in to Pitstop"},
	"who":            {NL: "Wie ben je?", EN: "Who are you?"},
	"warning":        {NL: "Deze pagina is voor één machine: wie haar opent, kan inloggen als wie dan ook.", EN: "This page is for one machine: anyone who reaches it can sign in as anyone."},
	"search":         {NL: "Zoek op naam, rol of garage", EN: "Search by name, role or garage"},
	"find":           {NL: "Zoeken", EN: "Search"},
	"nobody":         {NL: "Niemand gevonden met “%s”.", EN: "Nobody found with “%s”."},
	"everybody":      {NL: "Toon iedereen", EN: "Show everybody"},
	"gone":           {NL: "Diegene staat niet meer in het garagebestand. Kies iemand anders.", EN: "That person is no longer in the garage file. Pick somebody else."},
	"expired":        {NL: "Deze inlogpoging is voorbij", EN: "This sign-in is over"},
	"expired text":   {NL: "Ze is al gebruikt, of er ging te veel tijd overheen.", EN: "It has been used already, or took too long."},
	"elsewhere":      {NL: "Hier kun je niet inloggen", EN: "You cannot sign in from here"},
	"elsewhere text": {NL: "Je kwam van %s, en inloggen kan alleen via een adres van deze machine zelf.", EN: "You came from %s, and signing in works only from an address of this machine itself."},
	"again":          {NL: "Opnieuw inloggen", EN: "Sign in again"},
	"manager of all": {NL: "Manager van alle garages", EN: "Manager of all garages"},
	"all garages":    {NL: "ziet elke garage", EN: "sees every garage"},

	"role " + string(repair.Mechanic):        {NL: "monteur", EN: "mechanic"},
	"role " + string(repair.CustomerService): {NL: "klantenservice", EN: "customer service"},
	"role " + string(repair.Manager):         {NL: "werkplaatsmanager", EN: "workshop manager"},
}
