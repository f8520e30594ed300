package record_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pitstop/schemas/record"
)

// What is declared here is in the lists that everything else derives from.
func TestListsAreComplete(t *testing.T) {
	consumers, topics, records := declared(t)
	var names []string
	for _, c := range record.Consumers {
		names = append(names, c.Name)
	}
	for variable, name := range consumers {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not in Consumers", variable)
		}
	}
	names = nil
	for _, topic := range record.Topics() {
		names = append(names, topic.Name)
	}
	for variable, name := range topics {
		if !slices.Contains(names, record.Prefix+name) {
			t.Errorf("%s is not in Topics", variable)
		}
	}
	names = nil
	for _, typ := range record.Types() {
		names = append(names, typ.Name())
	}
	for _, name := range records {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not in the catalogue", name)
		}
	}
	if len(consumers) < 5 || len(topics) < 8 || len(records) < 6 {
		t.Errorf("read only %d consumers, %d topics and %d records", len(consumers), len(topics), len(records))
	}
}

// The constants of a kind of notification and of a measure are in their lists, and the
// comments from which the schemas' documentation comes name them.
func TestConstantsAreListed(t *testing.T) {
	listed := map[string][]string{}
	for _, k := range record.NotificationKinds {
		listed["NotificationKind"] = append(listed["NotificationKind"], string(k))
	}
	for _, m := range record.Measures {
		listed["Measure"] = append(listed["Measure"], string(m))
	}
	named := map[string]string{"NotificationKind": "Notice", "Measure": "Latency"} // the struct whose field names them
	for _, file := range source(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				id, ok := n.Type.(*ast.Ident)
				if !ok || listed[id.Name] == nil || len(n.Values) != 1 {
					return true
				}
				if lit, ok := n.Values[0].(*ast.BasicLit); ok && !slices.Contains(listed[id.Name], strings.Trim(lit.Value, `"`)) {
					t.Errorf("%s is not in the list of every %s", n.Names[0].Name, id.Name)
				}
			case *ast.TypeSpec:
				s, ok := n.Type.(*ast.StructType)
				if !ok {
					return true
				}
				for _, f := range s.Fields.List {
					id, ok := f.Type.(*ast.Ident)
					if !ok || named[id.Name] != n.Name.Name {
						continue
					}
					for _, value := range listed[id.Name] {
						if !strings.Contains(f.Doc.Text(), value) {
							t.Errorf("the comment of %s.%s does not name %s", n.Name.Name, f.Names[0].Name, value)
						}
					}
				}
			}
			return true
		})
	}
}

// ClickHouse has every topic that says something: all but ticks and changelogs.
func TestClickHouseReadsEverything(t *testing.T) {
	for _, topic := range record.Topics() {
		reads := slices.ContainsFunc(record.ClickHouseSink.Reads, func(r record.Topic) bool { return r.Name == topic.Name })
		if says := topic.Name != record.Ticks.Name && !topic.Compacted; reads != says {
			t.Errorf("ClickHouse reads %s: %t", topic.Name, reads)
		}
	}
}

// declared reads the package's source: the name of each Consumer and Topic, by its
// variable, and the structs that embed a Header.
func declared(t *testing.T) (consumers, topics map[string]string, records []string) {
	t.Helper()
	consumers, topics = make(map[string]string), make(map[string]string)
	for _, file := range source(t) {
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range g.Specs {
				switch s := spec.(type) {
				case *ast.ValueSpec:
					for i, value := range s.Values {
						if typ, name := literal(value); typ == "Consumer" {
							consumers[s.Names[i].Name] = name
						} else if typ == "Topic" {
							topics[s.Names[i].Name] = name
						}
					}
				case *ast.TypeSpec:
					if embedsHeader(s) {
						records = append(records, s.Name.Name)
					}
				}
			}
		}
	}
	return consumers, topics, records
}

// source returns the files of the package, but for its tests.
func source(t *testing.T) (files []*ast.File) {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// literal returns the type of a composite literal and the text in its Name.
func literal(e ast.Expr) (typ, name string) {
	lit, ok := e.(*ast.CompositeLit)
	if !ok {
		return "", ""
	}
	id, ok := lit.Type.(*ast.Ident)
	if !ok {
		return "", ""
	}
	for _, element := range lit.Elts {
		if kv, ok := element.(*ast.KeyValueExpr); ok && kv.Key.(*ast.Ident).Name == "Name" {
			ast.Inspect(kv.Value, func(n ast.Node) bool {
				if text, ok := n.(*ast.BasicLit); ok {
					name = strings.Trim(text.Value, `"`)
				}
				return true
			})
		}
	}
	return id.Name, name
}

func embedsHeader(s *ast.TypeSpec) bool {
	typ, ok := s.Type.(*ast.StructType)
	return ok && slices.ContainsFunc(typ.Fields.List, func(f *ast.Field) bool {
		selector, ok := f.Type.(*ast.SelectorExpr)
		return ok && f.Names == nil && selector.Sel.Name == "Header"
	})
}
