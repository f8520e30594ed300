package embedded

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// writeFile replaces path by data, readable by the owner only: after a crash
// or a power cut path holds either the old content or all of the new.
func writeFile(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// createOnce writes path unless it exists.
func createOnce(path string, data []byte) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return writeFile(path, data)
}

// syncDir makes a rename or a new file in dir durable.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// A heldError says which process holds a lock.
type heldError struct{ path, pid string }

func (e *heldError) Error() string {
	return fmt.Sprintf("%s is held by process %s", e.path, e.pid)
}

// A fileLock is the kernel's lock on a file: it is released when the process
// ends, however it ends, and is never stale. The file holds the process id of the holder
// until it is released, so that a holder that was killed leaves its id behind.
type fileLock struct {
	file   *os.File
	killed bool // the holder before this one did not release it
}

// lock takes the lock on path, waiting up to patience for a holder to end.
func lock(path string, patience time.Duration) (*fileLock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil || !errors.Is(err, syscall.EWOULDBLOCK) || time.Now().After(deadline) {
			break
		}
	}
	text, readErr := io.ReadAll(f)
	pid := strings.TrimSpace(string(text))
	if errors.Is(err, syscall.EWOULDBLOCK) {
		if pid == "" {
			pid = "(unknown)" // it holds the lock and has not yet written its id
		}
		err = &heldError{path, pid}
	}
	if err = errors.Join(err, readErr); err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteAt(fmt.Appendln(nil, os.Getpid()), 0)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &fileLock{f, pid != ""}, nil
}

func (l *fileLock) release() error {
	return errors.Join(l.file.Truncate(0), l.file.Close())
}
