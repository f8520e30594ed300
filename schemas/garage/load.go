package garage

import (
	_ "embed" // Sample
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Sample is a garage file of two garages, de-brug and noord, to start from.
//
//go:embed sample.yaml
var Sample []byte

// Problem is one thing wrong with the garage file, and what to do about it.
type Problem struct {
	Line    int    // in the file, from 1; 0 if it did not come from a file
	Path    string // "garages[1].closures[0].to"
	Message string
}

func (p *Problem) Error() string {
	if p.Line == 0 {
		return p.Path + ": " + p.Message
	}
	return fmt.Sprintf("line %d: %s: %s", p.Line, p.Path, p.Message)
}

// Load reads the garage file at path. Follow keeps the book as the file is.
func Load(path string) (*Book, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read garage file: %w", err)
	}
	book, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("garage file %s:\n%w", path, err)
	}
	book.file, book.now.Load().text = path, data
	return book, nil
}

// Parse reads a garage file. Its error joins a *Problem, with its line, for
// everything that is wrong. Values are checked only once the file is YAML and
// everything in it is of the right kind (no list where a text should be).
func Parse(data []byte) (*Book, error) {
	parsed, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, fmt.Errorf("not valid YAML: %w", err)
	}
	if len(parsed.Docs) != 1 || parsed.Docs[0].Body == nil {
		return nil, errors.New("write one YAML document, a list of garages under the key \"garages\"")
	}
	var file struct {
		Garages []Profile `yaml:"garages"`
	}
	s := shape{lines: make(map[string]int), anchors: make(map[string]ast.Node)}
	s.check(reflect.TypeOf(file), parsed.Docs[0].Body, "")
	if len(s.kinds) > 0 {
		return nil, join(append(s.kinds, s.unknown...))
	}
	if err := yaml.NodeToValue(parsed.Docs[0].Body, &file); err != nil {
		return nil, fmt.Errorf("read YAML: %w", err)
	}
	return newBook(file.Garages, s.lines, s.unknown)
}

// join returns the problems as one error, in the order of the file.
func join(problems []*Problem) error {
	slices.SortStableFunc(problems, func(a, b *Problem) int { return a.Line - b.Line })
	errs := make([]error, len(problems))
	for i, p := range problems {
		errs[i] = p
	}
	return errors.Join(errs...)
}

// shape checks a document against the Go type it is for. The decoder does too, but
// stops at the first problem and knows no paths.
type shape struct {
	lines          map[string]int // of each path
	anchors        map[string]ast.Node
	unknown, kinds []*Problem // fields that do not exist; values of the wrong kind
}

var duration = reflect.TypeFor[time.Duration]()

func (s *shape) check(t reflect.Type, node ast.Node, path string) {
	switch n := node.(type) {
	case *ast.AnchorNode:
		s.anchors[n.Name.GetToken().Value] = n.Value
		node = n.Value
	case *ast.AliasNode:
		node = s.anchors[n.Value.GetToken().Value]
	}
	if _, null := node.(*ast.NullNode); null || node == nil {
		return // the same as absent; the decoder reports an alias of nothing
	}
	if _, seen := s.lines[path]; !seen {
		s.lines[path] = node.GetToken().Position.Line
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		m, ok := node.(ast.MapNode)
		if !ok {
			s.kind(node, path, "write fields here, each as `name: value`")
			return
		}
		for i := m.MapRange(); i.Next(); {
			s.field(t, i.KeyValue(), path)
		}
	case reflect.Slice:
		list, ok := node.(*ast.SequenceNode)
		if !ok {
			s.kind(node, path, "write a list here, each item after `- ` or in [ ]")
			return
		}
		for i, item := range list.Values {
			s.check(t.Elem(), item, fmt.Sprintf("%s[%d]", path, i))
		}
	default:
		s.scalar(t, node, path)
	}
}

func (s *shape) field(t reflect.Type, pair *ast.MappingValueNode, path string) {
	if _, merge := pair.Key.(*ast.MergeKeyNode); merge {
		s.check(t, pair.Value, path)
		return
	}
	name := pair.Key.GetToken().Value
	inner := strings.TrimPrefix(path+"."+name, ".")
	s.lines[inner] = pair.Key.GetToken().Position.Line
	if t.Kind() == reflect.Map {
		s.check(t.Elem(), pair.Value, inner)
		return
	}
	var known []string
	for field := range t.Fields() {
		tag, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if tag == name {
			s.check(field.Type, pair.Value, inner)
			return
		}
		if tag != "" {
			known = append(known, tag)
		}
	}
	s.unknown = append(s.unknown, &Problem{
		Line: pair.Key.GetToken().Position.Line, Path: inner, Message: "unknown field: use one of " + strings.Join(known, ", "),
	})
}

func (s *shape) scalar(t reflect.Type, node ast.Node, path string) {
	value := node.GetToken().Value
	scalar, ok := node.(ast.ScalarNode)
	text := ok && scalar.Type() == ast.StringType
	switch {
	case !ok:
		s.kind(node, path, "write one value here")
	case t == duration:
		if _, err := time.ParseDuration(value); err != nil || !text {
			s.kind(node, path, fmt.Sprintf("%q is no duration: write it like 1h30m or 45m", value))
		}
	case t.Kind() == reflect.Int:
		if _, err := strconv.Atoi(value); err != nil || scalar.Type() != ast.IntegerType {
			s.kind(node, path, fmt.Sprintf("%q is no whole number: write it without quotes", value))
		}
	case !text:
		s.kind(node, path, fmt.Sprintf("write this as text, in quotes: %q", value))
	}
}

func (s *shape) kind(node ast.Node, path, message string) {
	if path == "" {
		path = "file"
	}
	s.kinds = append(s.kinds, &Problem{Line: node.GetToken().Position.Line, Path: path, Message: message})
}
