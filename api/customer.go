package api

import "github.com/go-chi/chi/v5"

type pages struct{}

func (s *server) customer(chi.Router) error { return nil }
