package browser

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/andybalholm/brotli"
)

// find returns the browser's executable and what to add to its environment.
func find() (path string, env []string, err error) {
	if path := os.Getenv(Env); path != "" {
		return path, nil, nil
	}
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return "", nil, fmt.Errorf("the browser package for tests runs on linux/amd64 only: set %s to the path of a Chromium or Chrome", Env)
	}
	_, source, _, _ := runtime.Caller(0)
	modules := filepath.Join(filepath.Dir(source), "node_modules")
	return findIn(modules)
}

// findIn is find for the package in modules, where npm has put it.
func findIn(modules string) (path string, env []string, err error) {
	packed := filepath.Join(modules, "@sparticuz", "chromium", "bin")
	if _, err := os.Stat(packed); err != nil {
		return "", nil, fmt.Errorf("the browser for tests is not installed: run make browser, or set %s to the path of a Chromium or Chrome: %w", Env, err)
	}
	// npm ci empties node_modules, so what is unpacked there is always this version.
	dir := filepath.Join(modules, ".unpacked")
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		if err := unpackAll(packed, dir); err != nil {
			return "", nil, fmt.Errorf("unpack the browser for tests: %w", err)
		}
	}
	env = []string{
		"FONTCONFIG_FILE=" + filepath.Join(dir, "fonts.conf"),
		// Chromium sets these, the last of them for a moment in one of its threads, while
		// others read the environment: adding one there, or taking it away, crashes the
		// browser now and then as it starts. Replacing the value of one that is there does not.
		"DBUS_SESSION_BUS_ADDRESS=disabled:", "FC_FONTATIONS=1",
		"VK_ICD_FILENAMES=" + filepath.Join(dir, "vk_swiftshader_icd.json"),
	}
	// A bare system has no NSS, without which Chromium does not load.
	if found, _ := filepath.Glob("/usr/lib*/*/libnss3.so"); len(found) == 0 {
		env = append(env, "LD_LIBRARY_PATH="+filepath.Join(dir, "lib"))
	}
	return filepath.Join(dir, "chromium"), env, nil
}

// unpackAll unpacks to dir atomically: tests of several packages may start their
// first browser at the same time.
func unpackAll(packed, dir string) (err error) {
	temp, err := os.MkdirTemp(filepath.Dir(dir), ".unpacking-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	executable, err := os.OpenFile(filepath.Join(temp, "chromium"), os.O_WRONLY|os.O_CREATE, 0o700)
	if err != nil {
		return err
	}
	err = decompress(filepath.Join(packed, "chromium.br"), func(r io.Reader) error {
		_, err := io.Copy(executable, r)
		return err
	})
	if err := errors.Join(err, executable.Close()); err != nil {
		return err
	}
	for _, archive := range []string{"fonts.tar.br", "swiftshader.tar.br", "al2023.tar.br"} {
		err := decompress(filepath.Join(packed, archive), func(r io.Reader) error { return untar(r, temp) })
		if err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(temp, "fonts.conf"), fmt.Appendf(nil, fontsConfig, filepath.Join(dir, "fonts")), 0o600); err != nil {
		return err
	}
	if err := os.Rename(temp, dir); err != nil && !errors.Is(err, fs.ErrExist) { // another test was faster
		return err
	}
	return nil
}

// fontsConfig substitutes the package's own font, which every machine has, for any
// that a page asks for; the system's fonts supply the glyphs that it lacks.
const fontsConfig = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>%s</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
  <alias><family>system-ui</family><prefer><family>Open Sans</family></prefer></alias>
  <alias><family>sans-serif</family><prefer><family>Open Sans</family></prefer></alias>
  <alias><family>ui-monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
`

func decompress(file string, use func(io.Reader) error) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	return errors.Join(use(brotli.NewReader(f)), f.Close())
}

func untar(r io.Reader, dir string) error {
	for archive := tar.NewReader(r); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		if !filepath.IsLocal(header.Name) {
			return fmt.Errorf("archive names %q, outside of its folder", header.Name)
		}
		path := filepath.Join(dir, header.Name)
		content, err := io.ReadAll(archive)
		if err == nil {
			err = os.MkdirAll(filepath.Dir(path), 0o700)
		}
		if err == nil {
			err = os.WriteFile(path, content, 0o700)
		}
		if err != nil {
			return err
		}
	}
}
