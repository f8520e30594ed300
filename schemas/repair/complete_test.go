package repair_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pitstop/schemas/record"
	"pitstop/schemas/repair"
)

// A state or a command that is added must get its column or rows among the verdicts.
func TestVerdictsAreComplete(t *testing.T) {
	states, structs := declared(t)
	if d := cmp.Diff(slices.Sorted(maps.Keys(states)), sortedStates(repair.States)); d != "" {
		t.Errorf("the constants are not repair.States:\n%s", d)
	}
	var reached []repair.State
	for _, situation := range situations {
		var r repair.Repair
		situation(t, &r)
		reached = append(reached, r.State)
	}
	slices.Sort(reached)
	if d := cmp.Diff(sortedStates(repair.States), sortedStates(slices.Compact(reached))); d != "" {
		t.Errorf("the situations do not reach every state:\n%s", d)
	}
	var tried []string
	for name := range commands(new(repair.Repair)) {
		name, _, _ = strings.Cut(name, "/")
		tried = append(tried, name)
	}
	slices.Sort(tried)
	if d := cmp.Diff(structs["Ask"], slices.Compact(tried)); d != "" {
		t.Errorf("not every command is tried:\n%s", d)
	}
	var followed []string
	for _, cell := range strings.Fields(verdicts) {
		if slices.Contains(structs["Fact"], cell) {
			followed = append(followed, cell)
		}
	}
	slices.Sort(followed)
	want := slices.DeleteFunc(structs["Fact"], func(s string) bool { return s == "QuoteExpired" }) // follows from no command
	if d := cmp.Diff(want, slices.Compact(followed)); d != "" {
		t.Errorf("not every event follows from a command:\n%s", d)
	}
}

// A command or an event that is not in the catalogue cannot be written to a topic.
func TestCommandsAndEventsAreInTheCatalogue(t *testing.T) {
	_, structs := declared(t)
	var records []string
	for _, r := range record.Types() {
		records = append(records, r.Name())
	}
	for _, name := range slices.Concat(structs["Ask"], structs["Fact"]) {
		if !slices.Contains(records, name) {
			t.Errorf("%s is not in the catalogue of records", name)
		}
	}
}

func sortedStates(states []repair.State) (out []string) {
	for _, s := range states {
		out = append(out, string(s))
	}
	slices.Sort(out)
	return out
}

// declared reads the package's source: the values of its State constants, and
// the names of the structs by what they embed, sorted.
func declared(t *testing.T) (states map[string]bool, embedding map[string][]string) {
	t.Helper()
	states, embedding = make(map[string]bool), make(map[string][]string)
	for _, file := range []string{"command.go", "event.go", "state.go"} {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				if id, ok := n.Type.(*ast.Ident); ok && id.Name == "State" && len(n.Values) == 1 {
					states[strings.Trim(n.Values[0].(*ast.BasicLit).Value, `"`)] = true
				}
			case *ast.TypeSpec:
				if s, ok := n.Type.(*ast.StructType); ok {
					for _, field := range s.Fields.List {
						if id, ok := field.Type.(*ast.Ident); ok && field.Names == nil {
							embedding[id.Name] = append(embedding[id.Name], n.Name.Name)
						}
					}
				}
			}
			return true
		})
	}
	for _, names := range embedding {
		slices.Sort(names)
	}
	return states, embedding
}
