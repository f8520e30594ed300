//go:build noembedded || !linux || !amd64

package embedded

import (
	"errors"
	"os"
	"runtime"
)

var errPlatform = errors.New("this build for " + runtime.GOOS + "/" + runtime.GOARCH + " has no embedded ClickHouse, which exists for linux/amd64 only")

func checkPlatform() error { return errPlatform }

func runClickHouse(_, _ *os.File, _, _, _ string) error { return errPlatform }
