package api

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"

	"github.com/go-chi/chi/v5"
)

//go:embed templates/*.html static/*
var files embed.FS

// assetVersion names the state of the style sheets and scripts, so that
// browsers may keep them for ever.
func assetVersion() (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(files, "static", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := files.ReadFile(path)
		sum.Write(b)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil)[:6]), err
}

// assets is where pages find their style sheets and scripts.
func (s *server) assets() string { return "/assets/" + s.version }

func (s *server) serveAssets(r chi.Router) error {
	var err error
	if s.version, err = assetVersion(); err != nil {
		return fmt.Errorf("read assets: %w", err)
	}
	static, err := fs.Sub(files, "static")
	if err != nil {
		return fmt.Errorf("read assets: %w", err)
	}
	r.Get("/assets/{version}/{name}", func(w http.ResponseWriter, r *http.Request) {
		if chi.URLParam(r, "version") == s.version { // else a page of another release asks
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		http.ServeFileFS(w, r, static, chi.URLParam(r, "name"))
	})
	return nil
}
