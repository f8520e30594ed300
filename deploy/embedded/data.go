package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// format is the version of the data directory's layout. A program reads its
// own and older ones; it must refuse a newer one, whose files it would damage.
const format = 1

// Data is an open data directory. It is held by one process at a time.
//
//	format          the version of this layout
//	lock            held by the running program, and its process id
//	ports/NAME      the loopback port of each part, chosen at its first start
//	secrets/NAME    random secrets and passwords
//	kafka/ clickhouse/ mailbox/ registry.jsonl sessions.json
//	addresses.json  where everything listens, see [Addresses]
type Data struct {
	dir      string
	lock     *fileLock
	at       *net.TCPAddr     // of the first of doors; nil: see [Data.Port]
	reserved portReservations // ports
	mu       sync.Mutex       // serializes the creation of ports and secrets
}

// Open prepares the data directory dir, creating it (readable by the owner only)
// where it does not exist, and holds it until [Data.Close]. It refuses a directory
// that another process holds, that a newer version wrote, or that holds anything
// but Pitstop's data.
func Open(dir string, log *slog.Logger) (*Data, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find data directory: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create data directory: %w", err)
	}
	if err := checkFormat(dir); err != nil {
		return nil, err
	}
	held, err := lock(filepath.Join(dir, "lock"), 0)
	if err != nil {
		if other := (*heldError)(nil); errors.As(err, &other) {
			return nil, fmt.Errorf("data directory %s is in use by process %s: stop that process, or choose another data directory", dir, other.pid)
		}
		return nil, fmt.Errorf("lock data directory: %w", err)
	}
	if held.killed {
		log.Warn("pitstop was killed last time, it goes on where it was", "data", dir)
	}
	d := &Data{dir: dir, lock: held}
	// Written after the lock is held, so that two first starts do not race.
	if err := createOnce(filepath.Join(dir, "format"), fmt.Appendln(nil, format)); err != nil {
		return nil, errors.Join(fmt.Errorf("write format of data directory: %w", err), d.Close())
	}
	return d, nil
}

func checkFormat(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, "format"))
	if errors.Is(err, fs.ErrNotExist) {
		return checkEmpty(dir)
	}
	if err != nil {
		return fmt.Errorf("read format of data directory: %w", err)
	}
	found, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("data directory %s: its file format holds %q, not a number: restore the directory from a backup, or choose another one", dir, text)
	}
	if found > format {
		return fmt.Errorf("data directory %s has format %d, this version reads up to %d: use the newer version of pitstop that wrote it, or choose another data directory", dir, found, format)
	}
	return nil
}

// checkEmpty keeps a mistyped path from being filled with our files. A start
// that was cut short may have left its lock.
func checkEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("read data directory: %w", err)
	}
	for _, e := range entries {
		if e.Name() != "lock" {
			return fmt.Errorf("directory %s is not empty and holds no pitstop data (it has %s but no file named format): choose a new or empty directory", dir, e.Name())
		}
	}
	return nil
}

// Close releases the directory. What was started on it must be stopped first.
func (d *Data) Close() error {
	if err := errors.Join(d.reserved.release(), d.lock.release()); err != nil {
		return fmt.Errorf("unlock data directory: %w", err)
	}
	return nil
}

// Dir returns the absolute path of the data directory.
func (d *Data) Dir() string { return d.dir }

// Path returns the absolute path of a file or folder of the data directory.
func (d *Data) Path(name string) string { return filepath.Join(d.dir, name) }

// readOrCreate returns the text of the file folder/name. Where there is none, it
// writes what create returns.
func (d *Data) readOrCreate(folder, name string, create func() (string, error)) (string, error) {
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return "", fmt.Errorf("name %q is not made of lower-case letters, digits and hyphens", name)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	path := filepath.Join(d.dir, folder, name)
	text, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	created, err := create()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	return created, writeFile(path, []byte(created+"\n"))
}
