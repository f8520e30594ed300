package web

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pitstop/schemas/repair"
)

// Claims say where in what an identity provider says of somebody their id, their roles and
// their garages' ids are. A list is a list, or words separated by spaces. A claim that
// begins with a slash is a JSON pointer (/resource_access/pitstop.roles/roles). Any other is
// the name of a claim (https://pitstop.example/roles); where there is no such claim, dots
// reach into objects (realm_access.roles), but for those after a backslash
// (resource_access.pitstop\.roles). Empty: sub, roles and garages.
type Claims struct{ Subject, Roles, Garages string }

func (c Claims) orDefault() Claims {
	return Claims{cmp.Or(c.Subject, "sub"), cmp.Or(c.Roles, "roles"), cmp.Or(c.Garages, "garages")}
}

// Validate reports everything that is wrong with them.
func (c Claims) Validate() error {
	return errors.Join(claim(c.Subject).validate(), claim(c.Roles).validate(), claim(c.Garages).validate())
}

// Caller returns who is meant by what a provider says, until it expires.
func (c Claims) Caller(all map[string]any, expires time.Time) (Caller, error) {
	c = c.orDefault()
	subject, _ := claim(c.Subject).in(all).(string)
	if subject == "" {
		return Caller{}, errors.New("the token names no subject")
	}
	caller := Caller{Subject: subject, Garages: claim(c.Garages).words(all), Expires: expires}
	caller.Name, _ = all["name"].(string)
	for _, r := range claim(c.Roles).words(all) {
		if slices.Contains(staffRoles, repair.Role(r)) {
			caller.Roles = append(caller.Roles, repair.Role(r))
		}
	}
	return caller, nil
}

// claim says where in a token's claims something is: see Claims, and RFC 6901 for JSON
// pointers.
type claim string

func (c claim) validate() error {
	if rest := strings.NewReplacer("~0", "", "~1", "").Replace(string(c)); strings.HasPrefix(rest, "/") && strings.Contains(rest, "~") {
		return fmt.Errorf("%q is no JSON pointer: write ~0 for ~, and ~1 for a slash within a name", string(c))
	}
	return nil
}

// words returns the claim's words: a list of texts, or one text with spaces.
func (c claim) words(all map[string]any) []string {
	switch v := c.in(all).(type) {
	case string:
		return strings.Fields(v)
	case []any:
		var list []string
		for _, x := range v {
			if s, ok := x.(string); ok {
				list = append(list, s)
			}
		}
		return list
	}
	return nil
}

func (c claim) in(all map[string]any) any {
	const escaped = "\x00"
	path := strings.Split(strings.ReplaceAll(string(c), `\.`, escaped), ".")
	for i, name := range path {
		path[i] = strings.ReplaceAll(name, escaped, ".")
	}
	if pointer, ok := strings.CutPrefix(string(c), "/"); ok {
		path = strings.Split(pointer, "/")
		for i, name := range path {
			path[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
		}
	} else if v, ok := all[string(c)]; ok {
		return v
	}
	var v any = all
	for _, name := range path {
		object, _ := v.(map[string]any)
		v = object[name]
	}
	return v
}
