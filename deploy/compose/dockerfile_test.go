package compose

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

const root = "../.."

// stage is a stage of the Dockerfile: its instructions by name, in order.
type stage struct {
	name, from string
	does       map[string][]string
}

func (s stage) last(instruction string) string {
	if all := s.does[instruction]; len(all) > 0 {
		return all[len(all)-1]
	}
	return ""
}

// stages reads the Dockerfile: no heredocs, and a comment is a line.
func stages(t *testing.T) []stage {
	t.Helper()
	text, err := os.ReadFile(root + "/deploy/Dockerfile")
	must(t, err)
	whole := regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(string(text), "")
	whole = strings.ReplaceAll(whole, "\\\n", " ")
	var all []stage
	for line := range strings.Lines(whole) {
		instruction, args, _ := strings.Cut(strings.TrimSpace(line), " ")
		args = strings.TrimSpace(args)
		switch instruction {
		case "":
		case "FROM":
			from, name, ok := strings.Cut(args, " AS ")
			if !ok {
				t.Errorf("stage from %s has no name", from)
			}
			all = append(all, stage{name, from, map[string][]string{}})
		default:
			does := all[len(all)-1].does
			does[instruction] = append(does[instruction], args)
		}
	}
	return all
}

func TestDockerfile(t *testing.T) {
	all := stages(t)
	var names []string
	for _, s := range all {
		tag := regexp.MustCompile(`^[a-z]+:[0-9]+\.[0-9]+[a-z0-9.-]*$`)
		if s.from != "scratch" && !slices.Contains(names, s.from) && !tag.MatchString(s.from) {
			t.Errorf("%s: %s is no pinned image", s.name, s.from)
		}
		for _, args := range s.does["COPY"] {
			fields := strings.Fields(args)
			if stage, ok := strings.CutPrefix(fields[0], "--from="); ok && !slices.Contains(names, stage) {
				t.Errorf("%s copies from %s, which is no stage before it", s.name, stage)
			}
		}
		names = append(names, s.name)
	}
	for _, name := range []string{"embedded", "pitstop"} { // the targets
		s := all[slices.Index(names, name)]
		if user := s.last("USER"); user != "65532:65532" {
			t.Errorf("%s runs as %q", name, user)
		}
		if s.last("ENTRYPOINT") != `["/pitstop"]` {
			t.Errorf("%s starts %s", name, s.last("ENTRYPOINT"))
		}
	}
	main := all[len(all)-1]
	if main.name != "pitstop" || main.from != "scratch" || len(main.does["RUN"]) > 0 {
		t.Errorf("the default target is %s from %s", main.name, main.from)
	}
	if run := all[slices.Index(names, "build")].last("RUN"); !strings.Contains(run, "-tags noembedded") {
		t.Errorf("the main binary is not static: %s", run)
	}
	if source := all[0]; source.last("ENV") != "CGO_ENABLED=0" {
		t.Errorf("it is built with %s", source.last("ENV"))
	}
	mod, err := os.ReadFile(root + "/go.mod")
	must(t, err)
	version := regexp.MustCompile(`(?m)^go (.*)$`).FindSubmatch(mod)[1]
	if !strings.HasPrefix(all[0].from, "golang:"+string(version)+"-") {
		t.Errorf("it is built with %s, go.mod says %s", all[0].from, version)
	}
	for _, file := range strings.Fields(all[slices.Index(names, "engine")].last("COPY")) {
		if _, err := os.Stat(filepath.Join(root, file)); file != "./" && err != nil {
			t.Error(err)
		}
	}
}

// TestContextHasWhatIsBuilt: .dockerignore leaves out neither a file that the
// binary is made of nor one that the Dockerfile copies, and leaves out the rest.
func TestContextHasWhatIsBuilt(t *testing.T) {
	f, err := os.Open(root + "/deploy/Dockerfile.dockerignore")
	must(t, err)
	defer f.Close()
	patterns, err := ignorefile.ReadAll(f)
	must(t, err)
	matcher, err := patternmatcher.New(patterns)
	must(t, err)
	ignored := func(file string) bool {
		yes, err := matcher.MatchesOrParentMatches(file)
		must(t, err)
		return yes
	}
	for _, file := range append(sources(t), "go.mod", "go.sum", "deploy/clickhouse-lib/package.json", "deploy/clickhouse-lib/package-lock.json", "deploy/clickhouse-lib/.npmrc") {
		if ignored(file) {
			t.Errorf("%s is left out", file)
		}
	}
	for _, file := range []string{".git/config", "deploy/compose/.env", "deploy/clickhouse-lib/node_modules/x", "data/secrets/tokens", "sinks/clickhouse/sink_test.go"} {
		if !ignored(file) {
			t.Errorf("%s is sent to the builder", file)
		}
	}
}

// sources are the files of this module that the binaries are made of.
func sources(t *testing.T) []string {
	t.Helper()
	top, err := filepath.Abs(root)
	must(t, err)
	out, err := exec.Command("go", "list", "-deps", "-json=Dir,GoFiles,EmbedFiles,Module", "pitstop/cmd/pitstop").Output()
	must(t, err)
	var files []string
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			Dir                 string
			GoFiles, EmbedFiles []string
			Module              *struct{ Main bool }
		}
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return files
		}
		must(t, err)
		if p.Module == nil || !p.Module.Main {
			continue
		}
		for _, name := range slices.Concat(p.GoFiles, p.EmbedFiles) {
			file, err := filepath.Rel(top, filepath.Join(p.Dir, name))
			must(t, err)
			files = append(files, filepath.ToSlash(file))
		}
	}
}
