package api

import (
	"encoding/json"
	"net/http"

	"github.com/go-chi/chi/v5"
)

const introduction = `Pitstop tells a garage's customers what happens to their car and asks them to agree to extra work.`

func (s *server) docs(r chi.Router) error {
	spec, err := json.Marshal(s.openapi)
	if err != nil {
		return err
	}
	r.Get("/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		_, _ = w.Write(spec)
	})
	return nil
}
