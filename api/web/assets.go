package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"

	"github.com/go-chi/chi/v5"
)

// static holds the style sheet that the pages for people share.
//
//go:embed static
var static embed.FS

// Assets serves style sheets and scripts at addresses that change with their
// content, so that browsers may cache them forever.
type Assets struct {
	version string
	files   map[string][]byte // by name
}

// NewAssets reads the shared style sheet and further files. A file is served under
// its base name, which no other has.
func NewAssets(files ...fs.FS) (*Assets, error) {
	a := &Assets{files: make(map[string][]byte)}
	sum := sha256.New()
	for _, from := range append([]fs.FS{static}, files...) {
		err := fs.WalkDir(from, ".", func(at string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := fs.ReadFile(from, at)
			sum.Write(b)
			if _, twice := a.files[path.Base(at)]; twice {
				err = errors.Join(err, fmt.Errorf("two files are called %s", path.Base(at)))
			}
			a.files[path.Base(at)] = b
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read assets: %w", err)
		}
	}
	a.version = hex.EncodeToString(sum.Sum(nil)[:6])
	return a, nil
}

// Path returns the path below which pages find their assets.
func (a *Assets) Path() string { return "/assets/" + a.version }

// Mount serves the assets, whole: compressed, a range of them would be of something else.
func (a *Assets) Mount(r chi.Router) {
	r.Get("/assets/{version}/{name}", func(w http.ResponseWriter, r *http.Request) {
		name := chi.URLParam(r, "name")
		file, ok := a.files[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if chi.URLParam(r, "version") == a.version { // else a page of another release asks
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
		_, _ = w.Write(file) // the client is gone: nobody to tell
	})
}
