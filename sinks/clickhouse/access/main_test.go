package access

import (
	"testing"

	"pitstop/deploy/embedded/enginetest"
	"pitstop/sinks/clickhouse/clickhousetest"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

var (
	monday      = clickhousetest.Monday
	sam         = clickhousetest.Sam
	must, texts = clickhousetest.Must, clickhousetest.Texts
	book, quiet = clickhousetest.Book, clickhousetest.Quiet
)
