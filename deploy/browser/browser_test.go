package browser

import (
	"errors"
	"image/png"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestScreenshotShowsTheWholePage(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><meta name="viewport" content="width=device-width"><title>Klaar</title>
<body style="margin:0"><h1 style="font-family:sans-serif">Uw auto is klaar</h1><div style="height:2000px;background:green">`))
	}))
	defer server.Close()
	ctx := Start(t)
	for _, width := range []int64{390, 1280} {
		file := filepath.Join(t.TempDir(), "page.png")
		Screenshot(t, ctx, width, 800, server.URL, file)
		picture, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer picture.Close()
		config, err := png.DecodeConfig(picture)
		if err != nil {
			t.Fatal(err)
		}
		if config.Width != int(width) || config.Height < 2000 {
			t.Errorf("picture of %d by %d, want %d by more than 2000", config.Width, config.Height, width)
		}
	}
	if title := Value(t, ctx, chromedp.Title()); title != "Klaar" {
		t.Errorf("title %q", title)
	}
}

func TestWhereTheBrowserIsMissingTheErrorSaysHowToFetchIt(t *testing.T) {
	_, _, err := findIn(t.TempDir())
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "run make browser") || !strings.Contains(err.Error(), Env) {
		t.Errorf("it says %v", err)
	}
	out, err := exec.Command("make", "-C", "../..", "--dry-run", "--always-make", "browser").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "cd deploy/browser && npm ci") {
		t.Errorf("make browser does not fetch it: %v\n%s", err, out)
	}
}
