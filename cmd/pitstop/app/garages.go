package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"pitstop/deploy/embedded"
	"pitstop/schemas/garage"
)

// GarageFile returns the path of a data directory's garage file.
func GarageFile(dir string) string { return filepath.Join(dir, "garages.yaml") }

// WriteGarages writes the garages to the data directory's garage file.
func WriteGarages(data *embedded.Data, book *garage.Book) error {
	text, err := book.Marshal()
	if err != nil {
		return err
	}
	if err := os.WriteFile(GarageFile(data.Dir()), text, 0o600); err != nil {
		return fmt.Errorf("write garages: %w", err)
	}
	return nil
}

// WriteSample writes the sample of two garages to the data directory's garage file,
// unless there is one already, and reports whether it did.
func WriteSample(data *embedded.Data) (written bool, err error) {
	file := GarageFile(data.Dir())
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err := os.WriteFile(file, garage.Sample, 0o600); err != nil {
		return false, fmt.Errorf("write sample garages: %w", err)
	}
	return true, nil
}

// CheckGarages refuses ids that are not in the garage file of a data directory. Where that
// file is not known, as it was given by --garages and nothing runs, it takes them on trust.
func CheckGarages(dir string, ids []string) error {
	file := GarageFile(dir)
	if at, err := embedded.ReadAddresses(dir); err == nil {
		file = at.Garages
	}
	book, err := garage.Load(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range ids {
		if _, ok := book.Garage(id); !ok {
			errs = append(errs, fmt.Errorf("--garage %q is not in %s, which has %s", id, file, strings.Join(book.IDs(), ", ")))
		}
	}
	return errors.Join(errs...)
}

// following returns the role that keeps the garages as their file is; nil: there are
// none. changed is called when they are others; nil: nothing is.
func following(book *garage.Book, log *slog.Logger, changed func(context.Context) error) Role {
	return Role{name: "garages", run: func(ctx context.Context) error {
		if book == nil {
			book = new(garage.Book) // of no file
		}
		book.Follow(ctx, log, changed)
		return ctx.Err()
	}}
}
