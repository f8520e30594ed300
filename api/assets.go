package api

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"

	"github.com/go-chi/chi/v5"
)

//go:embed templates/*.html static/*
var files embed.FS

// assetVersion names the state of the style sheets and scripts, so that
// browsers may keep them for ever.
func assetVersion(from ...fs.FS) (string, error) {
	sum := sha256.New()
	var errs []error
	for _, files := range from {
		errs = append(errs, fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := fs.ReadFile(files, path)
			sum.Write(b)
			return err
		}))
	}
	return hex.EncodeToString(sum.Sum(nil)[:6]), errors.Join(errs...)
}

// assets is where pages find their style sheets and scripts.
func (s *server) assets() string { return "/assets/" + s.version }

// serveAssets serves those of this package and those of the dashboards.
func (s *server) serveAssets(r chi.Router) error {
	static, err := fs.Sub(files, "static")
	if err != nil {
		return fmt.Errorf("read assets: %w", err)
	}
	drawn := s.Dashboards.Assets()
	if s.version, err = assetVersion(static, drawn); err != nil {
		return fmt.Errorf("read assets: %w", err)
	}
	r.Get("/assets/{version}/{name}", func(w http.ResponseWriter, r *http.Request) {
		if chi.URLParam(r, "version") == s.version { // else a page of another release asks
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		from, name := static, chi.URLParam(r, "name")
		if _, err := fs.Stat(drawn, name); err == nil {
			from = drawn
		}
		http.ServeFileFS(w, r, from, name)
	})
	return nil
}
