package staff

import (
	"testing"

	"pitstop/schemas/locale/localetest"
)

func TestTexts(t *testing.T) { localetest.Check(t, texts, "* text", "role *") }
