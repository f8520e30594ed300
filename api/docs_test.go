package api_test

import (
	"testing"

	"pitstop/api/apitest"
)

// The documentation is no wider than a phone, nor than a desk's screen.
func TestBrowserDocumentation(t *testing.T) {
	b := apitest.NewTab(t, apitest.New(t), 390, 844)
	b.Visit("/docs")
	b.Width, b.Height = 1280, 900
	b.Visit("/docs")
	b.Shot("docs")
}
