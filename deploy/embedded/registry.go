package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
)

// Registry is the embedded schema registry: srfake, behind which every
// registration is written to disk before its id is answered. Ids survive every
// restart, because records that are kept for ever hold them.
//
// A new version of a subject must be compatible with the latest, by avro.Compatible,
// which keeps every level but NONE; with a level that is transitive, with all. It
// deletes nothing, and supports no contexts.
type Registry struct {
	URL    string // http://127.0.0.1:PORT, the same over restarts
	server *loopbackServer
	store  *registryStore
}

// StartRegistry serves the registry whose file is registry.jsonl in the data
// directory.
func StartRegistry(_ context.Context, d *Data, log *slog.Logger) (*Registry, error) {
	store, err := openRegistryStore(d.Path("registry.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("open embedded registry: %w", err)
	}
	listener, err := d.Listen("registry")
	if err != nil {
		return nil, errors.Join(err, store.file.Close())
	}
	return &Registry{
		URL:    "http://" + listener.Addr().String(),
		server: serveLoopback(listener, registryHandler(store), log),
		store:  store,
	}, nil
}

// Stop finishes the requests under way and closes the file.
func (r *Registry) Stop(context.Context) error {
	if err := errors.Join(r.server.stop(), r.store.file.Close()); err != nil {
		return fmt.Errorf("stop embedded registry: %w", err)
	}
	return nil
}

// registryHandler passes to srfake what changes nothing, and to the store the
// changes that it can persist.
func registryHandler(store *registryStore) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /", store.fake.Handler())
	mux.Handle("POST /subjects/{subject}", store.fake.Handler()) // looks a schema up
	mux.HandleFunc("POST /compatibility/subjects/{subject}/versions", store.compatible)
	mux.HandleFunc("POST /compatibility/subjects/{subject}/versions/{version}", store.compatible)
	mux.HandleFunc("POST /subjects/{subject}/versions", store.register)
	mux.HandleFunc("PUT /config", store.put)
	mux.HandleFunc("PUT /config/{subject}", store.put)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		registryError(w, http.StatusMethodNotAllowed, 405,
			"the embedded registry registers schemas and sets compatibility levels, it does nothing else: use a schema registry of your own for "+r.Method+" "+r.URL.Path)
	})
	return mux
}
