package simulate

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"pitstop/schemas/locale"
)

// form is a form of a page, as a browser without JavaScript fills it in.
type form struct {
	action  string
	actions []string          // where else its buttons send it
	data    map[string]string // its data- attributes
	values  url.Values        // what is sent if nothing is changed
	choices map[string][]string
	buttons url.Values
}

// page is the part of a page that customers use here.
type page struct {
	lang  locale.Lang
	forms []form
}

func parsePage(text []byte) (page, error) {
	root, err := html.Parse(bytes.NewReader(text))
	if err != nil {
		return page{}, fmt.Errorf("read page: %w", err)
	}
	var p page
	for n := range root.Descendants() {
		switch n.DataAtom {
		case atom.Html:
			p.lang = locale.Fold(attr(n, "lang"))
		case atom.Form:
			p.forms = append(p.forms, readForm(n))
		default:
		}
	}
	return p, nil
}

func readForm(n *html.Node) form {
	f := form{
		action: attr(n, "action"),
		data:   make(map[string]string), values: make(url.Values), choices: make(map[string][]string), buttons: make(url.Values),
	}
	for _, a := range n.Attr {
		if name, ok := strings.CutPrefix(a.Key, "data-"); ok {
			f.data[name] = a.Val
		}
	}
	for field := range n.Descendants() {
		name, value := attr(field, "name"), attr(field, "value")
		if name == "" {
			continue
		}
		switch field.DataAtom {
		case atom.Button:
			f.buttons.Add(name, value)
			if to := attr(field, "formaction"); to != "" {
				f.actions = append(f.actions, to)
			}
		case atom.Select:
			for option := range field.Descendants() {
				if option.DataAtom == atom.Option {
					f.choices[name] = append(f.choices[name], attr(option, "value"))
				}
			}
		case atom.Input:
			if attr(field, "type") == "radio" {
				f.choices[name] = append(f.choices[name], value)
				continue
			}
			f.values.Set(name, value)
		default:
		}
	}
	return f
}

func attr(n *html.Node, key string) string {
	i := slices.IndexFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
	if i < 0 {
		return ""
	}
	return n.Attr[i].Val
}

// form returns the form that it, or a button of it, sends to where action is the end of.
func (p page) form(action string) (form, bool) {
	for _, f := range p.forms {
		for _, to := range append([]string{f.action}, f.actions...) {
			if path, _, _ := strings.Cut(to, "?"); strings.HasSuffix(path, action) {
				f.action = to
				return f, true
			}
		}
	}
	return form{}, false
}
