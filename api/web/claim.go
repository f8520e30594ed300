package web

import (
	"fmt"
	"strings"
)

// claim says where in a token's claims something is. One that begins with a slash is a
// JSON Pointer (RFC 6901). Any other is the name of a claim, dots and slashes and all;
// where a token has no claim of that name, its dots reach into objects.
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
	path := strings.Split(string(c), ".")
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
