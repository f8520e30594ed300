package command

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// hashingReader hashes what is read of an input.
type hashingReader struct {
	*bufio.Reader
	sum    hash.Hash
	offset int64
}

func newHashingReader(r io.Reader) *hashingReader {
	return &hashingReader{Reader: bufio.NewReaderSize(r, 64<<10), sum: sha256.New()}
}

func (h *hashingReader) digest() string { return hex.EncodeToString(h.sum.Sum(nil)) }

// importState is what the state file holds: how far an import got, and a digest
// of the input up to there.
type importState struct {
	Summary
	Offset int64  `json:"offset"`
	SHA256 string `json:"sha256"`
}

// resume skips what an earlier run has done.
func (im *Importer) resume(in *hashingReader) (Summary, error) {
	if im.State == "" {
		return Summary{}, nil
	}
	text, err := os.ReadFile(im.State)
	if errors.Is(err, fs.ErrNotExist) {
		return Summary{}, nil
	}
	if err != nil {
		return Summary{}, fmt.Errorf("read import state: %w", err)
	}
	var s importState
	if err := json.Unmarshal(text, &s); err != nil {
		return Summary{}, fmt.Errorf("read import state %s: %w; delete it to start over, which is harmless", im.State, err)
	}
	n, err := io.CopyN(in.sum, in.Reader, s.Offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return Summary{}, fmt.Errorf("skip what was imported before: %w", err)
	}
	in.offset = n
	if n != s.Offset || in.digest() != s.SHA256 {
		return Summary{}, fmt.Errorf("the input's first %d bytes are not those of the import that %s remembers; delete it to start over, which is harmless", s.Offset, im.State)
	}
	return s.Summary, nil
}

// save writes the checkpoint. The file is replaced as a whole: a crash leaves the
// old or the new one.
func (im *Importer) save(done Summary, in *hashingReader) error {
	if im.State == "" {
		return nil
	}
	text, err := json.Marshal(importState{done, in.offset, in.digest()})
	if err != nil {
		return fmt.Errorf("write import state: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(im.State), filepath.Base(im.State)+".*")
	if err != nil {
		return fmt.Errorf("write import state: %w", err)
	}
	_, err = tmp.Write(append(text, '\n'))
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), im.State)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write import state: %w", err), os.Remove(tmp.Name()))
	}
	return nil
}
