package embedded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// LibraryEnv names the environment variable that says where libchdb.so is.
const LibraryEnv = "PITSTOP_CLICKHOUSE_LIB"

// libraryPath is where make deps installs the library, below deploy.
const libraryPath = "deploy/clickhouse-lib/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so"

const ownServer = "give a ClickHouse server of your own with --clickhouse DSN"

// FindLibrary finds the library of the embedded ClickHouse: at path when that is
// not empty, else where LibraryEnv says, else where make deps has put it, in a
// repository at or above the working directory or the program's own file. The error
// says what to do instead.
func FindLibrary(path string) (string, error) {
	found, err := findLibrary(path)
	if err != nil {
		return "", configurationError{err}
	}
	return found, nil
}

func findLibrary(path string) (string, error) {
	if err := checkPlatform(); err != nil {
		return "", fmt.Errorf("%w: %s", err, ownServer)
	}
	for _, named := range []string{path, os.Getenv(LibraryEnv)} {
		if named == "" {
			continue
		}
		found, err := filepath.Abs(named)
		if err == nil {
			_, err = os.Stat(found)
		}
		if err != nil {
			return "", fmt.Errorf("find the ClickHouse library: %w: correct the path, or %s", err, ownServer)
		}
		return found, nil
	}
	exe, exeErr := os.Executable()
	wd, wdErr := os.Getwd()
	if err := errors.Join(exeErr, wdErr); err != nil {
		return "", fmt.Errorf("find the ClickHouse library: %w", err)
	}
	for _, start := range []string{wd, filepath.Dir(exe)} {
		for dir := start; ; dir = filepath.Dir(dir) {
			found := filepath.Join(dir, libraryPath)
			if _, err := os.Stat(found); err == nil {
				return found, nil
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return "", fmt.Errorf("the library of the embedded ClickHouse is not installed (no %s in or above %s or %s): run make deps, set %s to its path, or %s",
		libraryPath, wd, filepath.Dir(exe), LibraryEnv, ownServer)
}
