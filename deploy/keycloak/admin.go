package keycloak

import (
	"bytes"
	"context"
	"crypto/rand"
	_ "embed" // the realm
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
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

// SetTokensFor sets for how long tokens are good, in whole seconds.
func (s *Server) SetTokensFor(ctx context.Context, d time.Duration) error {
	return s.Admin(ctx, http.MethodPut, "/pitstop", Object{"accessTokenLifespan": int(d.Seconds())}, nil)
}

// SetGarages sets the garages of somebody.
func (s *Server) SetGarages(ctx context.Context, name string, garages ...string) error {
	user, path, err := s.user(ctx, name)
	if err != nil {
		return err
	}
	attributes, _ := user["attributes"].(Object)
	attributes["garages"] = garages
	return s.Admin(ctx, http.MethodPut, path, user, nil)
}

// TakeRole takes a role of Pitstop's away from somebody.
func (s *Server) TakeRole(ctx context.Context, name, role string) error {
	_, path, err := s.user(ctx, name)
	if err != nil {
		return err
	}
	var clients []Object
	if err := s.Admin(ctx, http.MethodGet, "/pitstop/clients?clientId=pitstop", nil, &clients); err != nil {
		return err
	}
	path = fmt.Sprintf("%s/role-mappings/clients/%s", path, clients[0]["id"])
	var roles, taken []Object
	if err := s.Admin(ctx, http.MethodGet, path, nil, &roles); err != nil {
		return err
	}
	for _, r := range roles {
		if r["name"] == role {
			taken = append(taken, r)
		}
	}
	if len(taken) == 0 {
		return fmt.Errorf("%s does not have the role %s", name, role)
	}
	return s.Admin(ctx, http.MethodDelete, path, taken, nil)
}

// user returns somebody, and the path of what is known of them.
func (s *Server) user(ctx context.Context, name string) (user Object, path string, err error) {
	var found []Object
	if err := s.Admin(ctx, http.MethodGet, "/pitstop/users?exact=true&username="+url.QueryEscape(name), nil, &found); err != nil {
		return nil, "", err
	}
	if len(found) != 1 {
		return nil, "", fmt.Errorf("the realm has %d people called %s", len(found), name)
	}
	return found[0], fmt.Sprintf("/pitstop/users/%s", found[0]["id"]), nil
}

// RotateKeys has new tokens signed with a new key, and forgets the ones of before.
func (s *Server) RotateKeys(ctx context.Context) error {
	const components = "/pitstop/components"
	var before []Object
	if err := s.Admin(ctx, http.MethodGet, components+"?type=org.keycloak.keys.KeyProvider", nil, &before); err != nil {
		return err
	}
	for _, old := range before {
		if old["providerId"] != "rsa-generated" {
			continue
		}
		next := Object{
			"name": "rsa-" + rand.Text(), "providerId": old["providerId"], "providerType": old["providerType"], "parentId": old["parentId"],
			"config": Object{"priority": []string{"200"}},
		}
		if err := s.Admin(ctx, http.MethodPost, components, next, nil); err != nil {
			return err
		}
		if err := s.Admin(ctx, http.MethodDelete, fmt.Sprintf("%s/%s", components, old["id"]), nil, nil); err != nil {
			return err
		}
	}
	return nil
}
