package link

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var (
	oldKey = Key{ID: "k1", Secret: bytes.Repeat([]byte{1}, 32)}
	newKey = Key{ID: "k2", Secret: bytes.Repeat([]byte{2}, 32)}

	created = time.Date(2026, time.May, 20, 9, 30, 0, 0, time.UTC)
	claims  = Claims{
		Garage: "de-brug", Repair: "0ujsszwN8NRY24YaXiTIE2VWDTS", Audience: Approver, Lang: "nl",
		Expires: created.Add(90 * 24 * time.Hour), Sequence: 12,
	}
)

func mustKeys(t testing.TB, current Key, previous ...Key) *Keys {
	t.Helper()
	keys, err := NewKeys(current, previous...)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// sentFirstVersion is a link of before links had a sequence.
const sentFirstVersion = "k1.AQKwmKGoDQdkZS1icnVnGzB1anNzendOOE5SWTI0WWFYaVRJRTJWV0RUUwJubA.D1-e6M1hxA__5AABK-qH-A"

// Links already sent must keep working: these tokens may never change.
func TestTokenIsStable(t *testing.T) {
	const sent = "k1.AgKwmKGoDRgHZGUtYnJ1ZxswdWpzc3p3TjhOUlkyNFlhWGlUSUUyVldEVFMCbmw.3VNz8mYbSSb8EHfSNdes_Q"
	if got := mustKeys(t, oldKey).Sign(claims); got != sent {
		t.Errorf("token of the same claims is now\n%s, was\n%s", got, sent)
	}
	unnumbered := claims
	unnumbered.Sequence = 0
	for token, want := range map[string]Claims{
		sent:             claims,
		sentFirstVersion: unnumbered,
	} {
		got, err := mustKeys(t, newKey, oldKey).Verify(token, created)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("claims of %s (-want +got):\n%s", token, diff)
		}
	}
}

func TestVerify(t *testing.T) {
	keys := mustKeys(t, oldKey)
	token := keys.Sign(claims)
	parts := strings.Split(token, ".")
	other := claims
	other.Repair = "0ujtsYcgvSTl8PAuAdqWYSMnLOv"
	otherParts := strings.Split(keys.Sign(other), ".")
	sameIDOtherSecret := mustKeys(t, Key{ID: oldKey.ID, Secret: newKey.Secret})

	for _, tc := range []struct {
		name  string
		keys  *Keys
		token string
		now   time.Time
		want  error
	}{
		{"fresh", keys, token, created, nil},
		{"last moment", keys, token, claims.Expires.Add(-time.Nanosecond), nil},
		{"expired", keys, token, claims.Expires, ErrExpired},
		{"key rotated, old one kept", mustKeys(t, newKey, oldKey), token, created, nil},
		{"key retired", mustKeys(t, newKey), token, created, ErrForged},
		{"another installation's key of the same name", sameIDOtherSecret, token, created, ErrForged},
		{"another repair, same signature", keys, parts[0] + "." + otherParts[1] + "." + parts[2], created, ErrForged},
		{"forged and expired", sameIDOtherSecret, token, claims.Expires, ErrForged},
		{"another key id", mustKeys(t, newKey, oldKey), "k2." + parts[1] + "." + parts[2], created, ErrForged},
		{"empty", keys, "", created, ErrMalformed},
		{"no signature", keys, parts[0] + "." + parts[1], created, ErrMalformed},
		{"cut off", keys, token[:len(token)-3], created, ErrMalformed},
		{"a mail program's full stop", keys, token + ".", created, ErrMalformed},
		{"standard base64", keys, parts[0] + ".+/+/." + parts[2], created, ErrMalformed},
		{"a line break inside", keys, token[:20] + "\r\n" + token[20:], created, ErrMalformed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := tc.keys.Verify(tc.token, tc.now)
			if !errors.Is(err, tc.want) {
				t.Fatalf("error %v, want %v", err, tc.want)
			}
			want := claims
			if tc.want != nil && !errors.Is(tc.want, ErrExpired) {
				want = Claims{} // what cannot be trusted is not shown
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("claims (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNoChangedLetterPasses(t *testing.T) {
	keys := mustKeys(t, oldKey, newKey)
	token := keys.Sign(claims)
	for i := range token {
		for _, c := range []byte("AQgw_-.k1") {
			if changed := token[:i] + string(c) + token[i+1:]; changed != token {
				if _, err := keys.Verify(changed, created); err == nil {
					t.Errorf("%q passes with letter %d changed: %q", token, i, changed)
				}
			}
		}
	}
}

var urlSafe = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

func TestRoundTrip(t *testing.T) {
	keys := mustKeys(t, newKey, oldKey)
	rapid.Check(t, func(t *rapid.T) {
		want := Claims{
			Garage:   rapid.String().Draw(t, "garage"),
			Repair:   rapid.String().Draw(t, "repair"),
			Audience: Audience(rapid.Byte().Draw(t, "audience")),
			Lang:     rapid.SampledFrom([]string{"", "nl", "en"}).Draw(t, "lang"),
			Expires:  time.Unix(rapid.Int64Range(1, 1<<40).Draw(t, "expires"), 0).UTC(),
			Sequence: rapid.Int64().Draw(t, "sequence"),
		}
		token := keys.Sign(want)
		if !urlSafe.MatchString(token) {
			t.Fatalf("token %q needs escaping in a URL", token)
		}
		got, err := keys.Verify(token, want.Expires.Add(-time.Second))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("claims (-want +got):\n%s", diff)
		}
	})
}

func FuzzVerify(f *testing.F) {
	keys := mustKeys(f, oldKey)
	signed := func(payload []byte) string {
		s := oldKey.ID + "." + encoding.EncodeToString(payload)
		return s + "." + encoding.EncodeToString(mac(oldKey.Secret, s))
	}
	f.Add(keys.Sign(claims), []byte{})
	f.Add("..", []byte{version, 1, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Add("k1.AQ.AA", []byte{firstVersion, 1, 0x80, 1, 1, 'g', 1, 'r', 0})
	f.Add("k1.Ag.AA", []byte{version, 1, 0x80, 1, 24, 1, 'g', 1, 'r', 0})
	f.Add(sentFirstVersion, []byte{})
	f.Fuzz(func(t *testing.T, token string, payload []byte) {
		// What passes was signed with the key, in the one spelling that it has. Which
		// claims it has is not asked: a corpus that is kept holds tokens of earlier ones.
		if got, err := keys.Verify(token, created); err == nil {
			_, encoded, _ := strings.Cut(token[:strings.LastIndexByte(token, '.')], ".")
			if decoded, err := encoding.DecodeString(encoded); err != nil || token != signed(decoded) {
				t.Errorf("%q passes: %+v", token, got)
			}
		}
		// Whatever we sign ourselves is either refused or means what it says.
		got, err := keys.Verify(signed(payload), created)
		if err == nil {
			again, err := keys.Verify(keys.Sign(got), created)
			if err != nil || again != got {
				t.Errorf("payload %x: %+v, signed again %+v, %v", payload, got, again, err)
			}
		} else if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrExpired) {
			t.Errorf("payload %x: %v", payload, err)
		}
	})
}

func TestParseKeys(t *testing.T) {
	text := func(k Key, e *base64.Encoding) string { return k.ID + ":" + e.EncodeToString(k.Secret) }
	awkward := Key{ID: "k3", Secret: bytes.Repeat([]byte{0xfb, 0xef, 0xff}, 11)} // -_ or +/ in base64
	for _, config := range []string{
		text(awkward, base64.StdEncoding) + "," + text(oldKey, base64.StdEncoding),
		" " + text(awkward, base64.RawURLEncoding) + " , " + text(oldKey, base64.RawStdEncoding),
		text(awkward, base64.URLEncoding) + "," + text(oldKey, base64.URLEncoding),
	} {
		keys, err := ParseKeys(config)
		if err != nil {
			t.Errorf("%q: %v", config, err)
			continue
		}
		if token := keys.Sign(claims); !strings.HasPrefix(token, "k3.") {
			t.Errorf("%q signs with another key than the first: %s", config, token)
		}
		if _, err := keys.Verify(mustKeys(t, oldKey).Sign(claims), created); err != nil {
			t.Errorf("%q: the second key's link: %v", config, err)
		}
		if _, err := mustKeys(t, awkward).Verify(keys.Sign(claims), created); err != nil {
			t.Errorf("%q reads another secret: %v", config, err)
		}
	}
}

func TestParseKeysReportsEveryProblem(t *testing.T) {
	const secret = "c2VjcmV0LXNlY3JldA"
	_, err := ParseKeys(oldKey.text()[3:] + ",k0:" + oldKey.text()[3:] + ",k1:" + secret + "," + oldKey.text() + ",k4:***")
	if err == nil {
		t.Fatal("no error")
	}
	want := []string{
		"key 5: illegal base64 data at input byte 0: make one with `openssl rand -base64 32`",
		"key 1: its id is not 1 to 16 letters, digits, - or _: write it as ID:BASE64",
		"key 1: 0 bytes, but at least 32 are needed: make one with `openssl rand -base64 32`",
		"key 3: 13 bytes, but at least 32 are needed: make one with `openssl rand -base64 32`",
		`key 4: id "k1" is used twice: give the new key another id`,
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), oldKey.text()[3:]) {
		t.Error("the error shows a secret")
	}
	for _, config := range []string{"", ",", "k1:", oldKey.text()[2:]} {
		if _, err := ParseKeys(config); err == nil {
			t.Errorf("%q is taken", config)
		}
	}
}

func (k Key) text() string { return k.ID + ":" + base64.StdEncoding.EncodeToString(k.Secret) }

func TestSecretsAreNotPrinted(t *testing.T) {
	secret := Key{ID: "k9", Secret: []byte("a secret of thirty-two bytes, ok")}
	keys := mustKeys(t, secret)
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		got := fmt.Sprintf(format, keys) + fmt.Sprintf(format, secret)
		if strings.Contains(got, "thirty") || strings.Contains(got, "97 32") || strings.Contains(got, "0x61") {
			t.Errorf("%s shows the secret: %s", format, got)
		}
		if !strings.Contains(got, "k9") {
			t.Errorf("%s does not name the key: %s", format, got)
		}
	}
}
