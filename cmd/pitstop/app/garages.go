package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"pitstop/deploy/embedded"
	"pitstop/schemas/garage"
)

// GarageFile is where a data directory keeps its garage file.
func GarageFile(dir string) string { return filepath.Join(dir, "garages.yaml") }

// KeepGarages writes the garages where the tools look for them.
func KeepGarages(data *embedded.Data, book *garage.Book) error {
	text, err := book.Marshal()
	if err != nil {
		return err
	}
	if err := os.WriteFile(GarageFile(data.Dir()), text, 0o600); err != nil {
		return fmt.Errorf("write garages: %w", err)
	}
	return nil
}

// KeepSample writes the sample of two garages there, and reports whether it did: one
// that is there already is left as it is.
func KeepSample(data *embedded.Data) (written bool, err error) {
	file := GarageFile(data.Dir())
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err := os.WriteFile(file, garage.Sample, 0o600); err != nil {
		return false, fmt.Errorf("write sample garages: %w", err)
	}
	return true, nil
}
