package keycloak

import (
	"bytes"
	"context"
	_ "embed" // the realm
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

//go:embed realm.json
var realm []byte

// Object is a JSON object.
type Object = map[string]any

// addRealm adds the realm, unless it is there, with a client at these origins.
func (s *Server) addRealm(ctx context.Context, origins []string) error {
	var all []Object
	if err := s.Admin(ctx, http.MethodGet, "", nil, &all); err != nil {
		return err
	}
	for _, r := range all {
		if r["realm"] == "pitstop" {
			return nil
		}
	}
	var r struct {
		Object  `json:"-"`
		Clients []Object `json:"clients"`
	}
	if err := errors.Join(json.Unmarshal(realm, &r.Object), json.Unmarshal(realm, &r)); err != nil {
		return fmt.Errorf("read realm.json: %w", err)
	}
	var back, after []string
	for _, origin := range origins {
		back, after = append(back, origin+"/sign-in/callback"), append(after, origin+"/signed-out")
	}
	r.Clients[0]["redirectUris"] = back
	attributes, _ := r.Clients[0]["attributes"].(Object)
	attributes["post.logout.redirect.uris"] = strings.Join(after, "##")
	r.Object["clients"] = r.Clients
	return s.Admin(ctx, http.MethodPost, "", r.Object, nil)
}

// Admin asks Keycloak's administration for something below /admin/realms, and decodes
// the answer into into; nil: nobody wants it.
func (s *Server) Admin(ctx context.Context, method, path string, body, into any) error {
	token, err := s.adminToken(ctx)
	if err != nil {
		return err
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return s.ask(ctx, method, s.URL+"/admin/realms"+path, "application/json", text, token, into)
}

func (s *Server) adminToken(ctx context.Context) (string, error) {
	var t struct {
		Token string `json:"access_token"`
	}
	form := url.Values{"grant_type": {"password"}, "client_id": {"admin-cli"}, "username": {admin}, "password": {adminPassword}}
	err := s.ask(ctx, http.MethodPost, s.URL+"/realms/master/protocol/openid-connect/token", "application/x-www-form-urlencoded", []byte(form.Encode()), "", &t)
	return t.Token, err
}

func (s *Server) ask(ctx context.Context, method, url, contentType string, body []byte, token string, into any) (err error) {
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", contentType)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	text, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return err
	case answer.StatusCode >= http.StatusMultipleChoices:
		return fmt.Errorf("%s %s: %s: %s", method, url, answer.Status, text)
	case into == nil:
		return nil
	}
	return json.Unmarshal(text, into)
}
