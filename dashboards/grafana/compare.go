package grafana

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// differences compares an object with what Grafana has, field by field. Grafana
// fills in what was not said, differently in each version, and may leave out
// what is empty, so only what is wanted is compared, and what is empty is the
// same as what is absent. Lists are compared whole, and a list that is not wanted
// is a difference: Grafana does not make up members, people do.
//
// With exact, whatever is not wanted is a difference.
func differences(want, got any, exact bool) ([]string, error) {
	w, err1 := asJSON(want)
	g, err2 := asJSON(got)
	if err1 != nil || err2 != nil {
		return nil, fmt.Errorf("compare: %w", errors.Join(err1, err2))
	}
	d := diff{exact: exact}
	d.walk("", w, g)
	return d.found, nil
}

type diff struct {
	exact bool
	found []string
}

func (d *diff) walk(path string, want, got any) {
	if (empty(want) && empty(got)) || reflect.DeepEqual(want, got) {
		return
	}
	switch w := want.(type) {
	case map[string]any:
		if g, ok := got.(map[string]any); ok {
			d.members(path, w, g)
			return
		}
	case []any:
		if g, ok := got.([]any); ok && len(g) == len(w) {
			for i := range w {
				d.walk(path+"["+name(w[i], i)+"]", w[i], g[i])
			}
			return
		}
	}
	d.found = append(d.found, fmt.Sprintf("%s: %s -> %s", path, short(got), short(want)))
}

func (d *diff) members(path string, want, got map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(want)) {
		d.walk(strings.TrimPrefix(path+"."+key, "."), want[key], got[key])
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		_, wanted := want[key]
		_, list := got[key].([]any)
		if !wanted && (list || d.exact) {
			d.walk(strings.TrimPrefix(path+"."+key, "."), nil, got[key])
		}
	}
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	default:
		return reflect.ValueOf(v).IsZero()
	}
}

// name tells a member of a list from the others.
func name(member any, i int) string {
	if m, ok := member.(map[string]any); ok {
		for _, key := range []string{"title", "name", "refId", "id"} {
			if s, ok := m[key].(string); ok && s != "" {
				return s
			}
		}
	}
	return fmt.Sprint(i)
}

// short writes a value in a few words.
func short(v any) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case []any:
		return fmt.Sprintf("list of %d", len(v))
	case map[string]any:
		return "something"
	case string:
		if len(v) > 40 || strings.Contains(v, "\n") {
			return fmt.Sprintf("a text of %d characters", len([]rune(v)))
		}
		return fmt.Sprintf("%q", v)
	default:
		return fmt.Sprint(v)
	}
}

func asJSON(v any) (any, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var j any
	return j, json.Unmarshal(b, &j)
}
