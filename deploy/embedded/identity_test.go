package embedded

import (
	"slices"
	"testing"
)

func TestClientOrigins(t *testing.T) {
	for _, c := range []struct{ urls, want []string }{
		{[]string{"http://127.0.0.1:8080"}, []string{"http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"}},
		{[]string{"http://192.168.1.5:8080"}, []string{"http://192.168.1.5:8080", "http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"}},
		{
			[]string{"http://127.0.0.1:8080", "https://pitstop.example/somewhere"},
			[]string{"http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080", "https://pitstop.example"},
		},
	} {
		got, err := clientOrigins(c.urls)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("of %v: %v, %v, want %v", c.urls, got, err, c.want)
		}
	}
	for _, wrong := range []string{"", "pitstop", "://"} {
		if got, err := clientOrigins([]string{wrong}); err == nil {
			t.Errorf("of %q: %v", wrong, got)
		}
	}
}
