// Command gen writes the Avro schema of every record of the catalogue, a file
// each, with the comments of the Go structs as documentation. Run it through
// go generate ./schemas/avsc.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"pitstop/schemas/avro"
	"pitstop/schemas/record"
)

func main() {
	files, err := generate("..")
	for name, text := range files {
		err = errors.Join(err, os.WriteFile(name, text, 0o644)) //nolint:gosec // source files
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "avsc/gen:", err)
		os.Exit(1)
	}
}

// generate derives the schema files, by name, with the comments of the packages
// record and repair in the folder schemas.
func generate(schemas string) (map[string][]byte, error) {
	docs := make(map[string]string)
	for _, pkg := range []string{"record", "repair"} {
		if err := readDocs(filepath.Join(schemas, pkg), docs); err != nil {
			return nil, err
		}
	}
	files := make(map[string][]byte)
	for _, t := range record.Types() {
		s, err := avro.Derive(t, func(t reflect.Type, field string) string { return docs[t.Name()+"."+field] })
		if err != nil {
			return nil, err
		}
		text, err := json.MarshalIndent(s, "", "  ")
		if err != nil {
			return nil, err
		}
		files[t.Name()+".avsc"] = append(text, '\n')
	}
	return files, nil
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
