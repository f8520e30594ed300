package customer

import (
	"testing"

	"pitstop/schemas/locale/localetest"
)

func TestTexts(t *testing.T) { localetest.Check(t, texts, "* head", "* text") }
