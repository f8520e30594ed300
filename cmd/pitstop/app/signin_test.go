package app

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"pitstop/api/signin"
)

func TestSignIn(t *testing.T) {
	const keys = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
	c := signin.Config{Issuer: "https://login.example", ClientID: "pitstop", Clock: time.Now, Log: slog.New(slog.DiscardHandler)}
	for _, tc := range []struct {
		keys, publicURL, addr string
		origin, says          string // says "": no error
	}{
		{"", "", ":8080", "", ""}, // nobody signs in
		{keys, "https://garage.example/", ":8080", "https://garage.example", ""},
		{keys, "", "127.0.0.1:8080", "http://127.0.0.1:8080", ""},
		{keys, "", "localhost:8080", "http://localhost:8080", ""},
		{keys, "", "[::1]:8080", "http://[::1]:8080", ""},
		{keys, "", ":8080", "", "--public-url"},
		{keys, "", "192.0.2.1:8080", "", "--public-url"},
		{keys, "https://garage.example/staff", ":8080", "", "has a path"},
		{"1:short", "", ":8080", "", "PITSTOP_SESSION_KEYS"},
	} {
		door, err := SignIn(tc.keys, tc.publicURL, tc.addr, c)
		switch {
		case tc.says != "":
			if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%+v: %v", tc, err)
			}
		case err != nil || (door == nil) != (tc.origin == "") || door != nil && door.Origin != tc.origin:
			t.Errorf("%+v: %+v, %v", tc, door, err)
		}
	}
}
