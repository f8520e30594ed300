package page

import (
	"testing"

	"pitstop/schemas/locale/localetest"
)

func TestTexts(t *testing.T) {
	localetest.Check(t, texts, "before *", "* better", "* worse", "7", "30", "90", "365", "opening", "wall")
}
