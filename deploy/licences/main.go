// Command licences writes docs/licences.md: the licences of the Go modules and npm
// packages that Pitstop is built, tested or run with. It reads the module cache and
// the lock files, and uses no network.
package main

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/google/licensecheck"
)

//go:generate go run . ../..

// document is the path of the list in the repository.
const document = "docs/licences.md"

// allowed are the licences compatible with Apache-2.0, by their SPDX names.
var allowed = map[string]bool{
	"Apache-2.0": true, "BSD-2-Clause": true, "BSD-3-Clause": true, "ISC": true,
	"MIT": true, "MIT-0": true, "MPL-2.0": true, "Unlicense": true,
	"FTL": true, // requires the credit in NOTICE
}

// read holds the licences, read by a person, of modules whose files licensecheck does
// not recognise.
var read = map[string]string{
	"github.com/golang/freetype": "FTL", // or GPL-2.0-or-later, at one's choice
}

// enough is the percentage of a file that must be a licence for the file to count as
// that licence, as on pkg.go.dev.
const enough = 75

// licenceFile matches the names of files with licences.
var licenceFile = regexp.MustCompile(`(?i)^(un)?(licen[sc]e|copying)([-.].+)?$`)

// notOfCode are endings of files that licenceFile matches but that hold no licence
// of code.
var notOfCode = []string{".go", ".docs"}

// part is a Go module or an npm package.
type part struct {
	Name, Version, Licence string
	Notice                 string // the text of its NOTICE file, to be passed on
	Place                  string // where its licence is found
}

type parts struct{ Binary, Tests, Library, Browser []part }

//go:embed licences.md.tmpl
var text string

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	content, err := list(root)
	if content != nil {
		err = errors.Join(err, os.WriteFile(filepath.Join(root, document), content, 0o644)) //nolint:gosec // no secret is in it
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// list returns the document, with an error where a licence is not allowed.
func list(root string) ([]byte, error) {
	binary, err := modules(root, "./cmd/pitstop")
	if err != nil {
		return nil, err
	}
	all, err := modules(root, "-test", "./...")
	if err != nil {
		return nil, err
	}
	library, err := npm(root, "deploy/clickhouse-lib")
	if err != nil {
		return nil, err
	}
	browser, err := npm(root, "deploy/browser")
	if err != nil {
		return nil, err
	}
	tests := slices.DeleteFunc(slices.Clone(all), func(p part) bool { return slices.Contains(binary, p) })
	var b bytes.Buffer
	if err := template.Must(template.New("").Parse(text)).Execute(&b, parts{binary, tests, library, browser}); err != nil {
		return nil, err
	}
	return b.Bytes(), check(slices.Concat(all, library, browser))
}

// check returns an error for each licence that is not allowed.
func check(all []part) error {
	var problems []error
	for _, p := range all {
		for _, name := range strings.Split(p.Licence, " and ") {
			if !allowed[name] {
				problems = append(problems, fmt.Errorf("%s %s: licence %q is none of those allowed: read it in %s",
					p.Name, p.Version, name, p.Place))
			}
		}
	}
	return errors.Join(problems...)
}

// modules returns the modules of what go list -deps returns for args, on the platform
// that Pitstop is built for.
func modules(root string, args ...string) ([]part, error) {
	type module struct{ Path, Version, Dir string }
	cmd := exec.Command("go", append([]string{"list", "-deps", "-json=Dir,Module"}, args...)...)
	cmd.Dir, cmd.Stderr = root, os.Stderr
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	files := map[module]map[string]bool{} // each module's files with a licence
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var pkg struct {
			Dir    string
			Module *struct {
				Path, Version, Dir string
				Main               bool
			}
		}
		if err := d.Decode(&pkg); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		if pkg.Module == nil || pkg.Module.Main { // nil: the standard library
			continue
		}
		m := module{pkg.Module.Path, pkg.Module.Version, pkg.Module.Dir}
		if files[m] == nil {
			files[m] = map[string]bool{}
		}
		// Directories of a module may have a licence of their own.
		for dir := pkg.Dir; strings.HasPrefix(dir, m.Dir); dir = filepath.Dir(dir) {
			entries, err := os.ReadDir(dir)
			if err != nil {
				return nil, err
			}
			for _, e := range entries {
				if !e.IsDir() && licenceFile.MatchString(e.Name()) && !slices.Contains(notOfCode, filepath.Ext(e.Name())) {
					files[m][filepath.Join(dir, e.Name())] = true
				}
			}
		}
	}
	var found []part
	for m, files := range files {
		licence, err := licences(m.Path, files)
		if err != nil {
			return nil, err
		}
		notice, err := os.ReadFile(filepath.Join(m.Dir, "NOTICE"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		found = append(found, part{m.Path, m.Version, licence, strings.TrimSpace(string(notice)), m.Dir})
	}
	slices.SortFunc(found, func(a, b part) int { return cmp.Compare(a.Name, b.Name) })
	return found, nil
}

// licences returns the names of all licences in a module's files.
func licences(path string, files map[string]bool) (string, error) {
	if name := read[path]; name != "" {
		return name, nil
	}
	names := map[string]bool{}
	for file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		cover := licensecheck.Scan(content)
		if cover.Percent < enough {
			names["unknown: "+filepath.Base(file)] = true
		}
		for _, match := range cover.Match {
			if !match.IsURL {
				names[match.ID] = true
			}
		}
	}
	if len(names) == 0 {
		return "none", nil
	}
	return strings.Join(slices.Sorted(maps.Keys(names)), " and "), nil
}

// npm returns what the lock file in dir, below root, installs.
func npm(root, dir string) ([]part, error) {
	file := filepath.Join(root, dir, "package-lock.json")
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var lock struct {
		Packages map[string]struct{ Version, License string }
	}
	if err := json.Unmarshal(content, &lock); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	var found []part
	for _, path := range slices.Sorted(maps.Keys(lock.Packages)) {
		if p := lock.Packages[path]; path != "" { // "" is the repository's own
			_, name, _ := strings.Cut(path, "node_modules/")
			found = append(found, part{Name: name, Version: p.Version, Licence: cmp.Or(p.License, "none"), Place: file})
		}
	}
	return found, nil
}
