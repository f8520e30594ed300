package command

import (
	"bufio"
	"bytes"
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
	cut    bool // the last line has no end
}

// bufferOf returns a buffer before a reader.
func bufferOf(r io.Reader) *bufio.Reader { return bufio.NewReaderSize(r, 64<<10) }

func (h *hashingReader) digest() string { return hex.EncodeToString(h.sum.Sum(nil)) }

// importState is what the state file holds: how far an import got, a digest of the
// input up to there, and how long its summary was.
type importState struct {
	Summary
	Offset   int64  `json:"offset"`
	SHA256   string `json:"sha256"`
	Reported int64  `json:"reported"`
}

// startOver is what can be done about a state file that does not fit.
const startOver = "delete it to start over, which does nothing twice within 7 days of the first time"

// resume skips what an earlier run has done.
func (im *Importer) resume(r io.Reader) (*importing, error) {
	var s importState
	if im.State != "" {
		text, err := os.ReadFile(im.State)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read import state: %w", err)
		}
		if err == nil {
			if err := json.Unmarshal(text, &s); err != nil {
				return nil, fmt.Errorf("read import state %s: %w; %s", im.State, err, startOver)
			}
		}
	}
	all := bufferOf(r)
	in := &hashingReader{Reader: bufferOf(io.LimitReader(all, s.Offset)), sum: sha256.New()}
	run := &importing{Importer: im, in: in, seen: make(map[fingerprint]int)}
	for { // what was done before is read for what comes twice
		if err := run.next(new(batch)); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
	}
	if s.Offset > 0 && (in.offset != s.Offset || in.digest() != s.SHA256) {
		return nil, fmt.Errorf("the input's first %d bytes are not those of the import that %s remembers; %s", s.Offset, im.State, startOver)
	}
	in.Reader = all
	if in.cut { // then its end comes first
		rest, err := in.line()
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, errTooLong) {
			return nil, fmt.Errorf("read line %d: %w", s.Lines, err)
		}
		if errors.Is(err, errTooLong) || len(bytes.TrimSpace(rest)) > 0 {
			return nil, fmt.Errorf("line %d of the input was shorter when the import that %s remembers read it; %s", s.Lines, im.State, startOver)
		}
	}
	run.done = s.Summary
	var err error
	run.report, err = openReport(im.Summary, s.Reported)
	return run, err
}

// save writes the checkpoint. The file is replaced as a whole: a crash leaves the
// old or the new one.
func (run *importing) save() error {
	if run.State == "" {
		return nil
	}
	reported, err := run.report.size()
	if err != nil {
		return err
	}
	text, err := json.Marshal(importState{run.done, run.in.offset, run.in.digest(), reported})
	if err != nil {
		return fmt.Errorf("write import state: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(run.State), filepath.Base(run.State)+".*")
	if err != nil {
		return fmt.Errorf("write import state: %w", err)
	}
	_, err = tmp.Write(append(text, '\n'))
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), run.State)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write import state: %w", err), os.Remove(tmp.Name()))
	}
	return nil
}

// report is the summary file while it is written. The zero report writes nothing.
type report struct{ file *os.File }

// openReport opens the summary after what earlier runs have reported; what the last of
// them wrote beyond that comes again.
func openReport(path string, reported int64) (report, error) {
	if path == "" {
		return report{}, nil
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return report{}, fmt.Errorf("open summary: %w", err)
	}
	end, err := file.Seek(0, io.SeekEnd)
	if end = min(end, reported); err == nil {
		err = file.Truncate(end)
	}
	if err == nil {
		_, err = file.Seek(end, io.SeekStart)
	}
	if err != nil {
		return report{}, errors.Join(fmt.Errorf("open summary: %w", err), file.Close())
	}
	return report{file}, nil
}

// add writes a line.
func (r report) add(line any) error {
	if r.file == nil {
		return nil
	}
	if err := json.NewEncoder(r.file).Encode(line); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	return nil
}

// size returns how much was written, once that is safe on disk.
func (r report) size() (int64, error) {
	if r.file == nil {
		return 0, nil
	}
	n, err := r.file.Seek(0, io.SeekCurrent)
	if err = errors.Join(err, r.file.Sync()); err != nil {
		return 0, fmt.Errorf("write summary: %w", err)
	}
	return n, nil
}

// Close closes the file.
func (r report) Close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}
