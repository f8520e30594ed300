// Command avscgen writes the Avro schema of every record of the catalogue to
// avsc, with the comments of the Go structs as documentation. Run it through
// go generate ./schemas.
package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"pitstop/schemas"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "avscgen:", err)
		os.Exit(1)
	}
}

// run reads the packages in dir and dir/repair and writes dir/avsc.
func run(dir string) error {
	docs := make(map[string]string)
	for _, pkg := range []string{dir, filepath.Join(dir, "repair")} {
		if err := readDocs(pkg, docs); err != nil {
			return err
		}
	}
	for _, t := range schemas.Records() {
		s, err := schemas.Derive(t, func(t reflect.Type, field string) string { return docs[t.Name()+"."+field] })
		if err != nil {
			return err
		}
		text, err := json.MarshalIndent(s, "", "  ")
		if err != nil {
			return err
		}
		file := filepath.Join(dir, "avsc", t.Name()+".avsc")
		if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil { //nolint:gosec // a source file
			return err
		}
	}
	return nil
}

// readDocs collects the comments of struct types ("Type.") and fields ("Type.Field").
func readDocs(dir string, docs map[string]string) error {
	noTests := func(f fs.FileInfo) bool { return !strings.HasSuffix(f.Name(), "_test.go") }
	pkgs, err := parser.ParseDir(token.NewFileSet(), dir, noTests, parser.ParseComments) //nolint:staticcheck // comments are all that is needed
	if err != nil {
		return err
	}
	for _, pkg := range pkgs {
		ast.Inspect(pkg, func(n ast.Node) bool {
			decl, ok := n.(*ast.GenDecl)
			if !ok {
				return true
			}
			for _, spec := range decl.Specs {
				ts, ok := spec.(*ast.TypeSpec)
				if !ok {
					continue
				}
				st, ok := ts.Type.(*ast.StructType)
				if !ok {
					continue
				}
				doc := ts.Doc
				if doc == nil {
					doc = decl.Doc
				}
				docs[ts.Name.Name+"."] = oneLine(doc)
				for _, f := range st.Fields.List {
					for _, name := range f.Names {
						docs[ts.Name.Name+"."+name.Name] = oneLine(f.Doc)
					}
				}
			}
			return true
		})
	}
	return nil
}

func oneLine(g *ast.CommentGroup) string { return strings.Join(strings.Fields(g.Text()), " ") }
