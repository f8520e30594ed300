package app

import (
	"time"

	"pitstop/api/signin"
	"pitstop/api/web"
	"pitstop/schemas/link"
)

// Names of secrets in a data directory; some commands of the CLI read them too.
const (
	TokensSecret   = "tokens"   // signs the tokens of the staff
	CommandsSecret = "commands" // keys the digests of commands
	LinksSecret    = "links"    // signs the links of the customers
	ReadersSecret  = "readers"  // computes the passwords of the dashboards' users
	SessionsSecret = "sessions" // seals the sessions of the staff
)

// Keys are made from the secrets of a data directory.
type Keys struct {
	Commands []byte // of the digests of commands
	Links    *link.Keys
	Issuer   *web.LocalIssuer // of the tokens of the staff
	Sessions *signin.Keys
}

func keysFrom(secret func(name string) ([]byte, error)) (k Keys, err error) {
	secrets := make(map[string][]byte)
	for _, name := range []string{CommandsSecret, LinksSecret, TokensSecret, SessionsSecret} {
		if secrets[name], err = secret(name); err != nil {
			return Keys{}, err
		}
	}
	k.Commands = secrets[CommandsSecret]
	if k.Links, err = link.NewKeys(link.Key{ID: "1", Secret: secrets[LinksSecret]}); err != nil {
		return Keys{}, err
	}
	if k.Sessions, err = signin.NewKeys(link.Key{ID: "1", Secret: secrets[SessionsSecret]}); err != nil {
		return Keys{}, err
	}
	k.Issuer, err = web.NewLocalIssuer(secrets[TokensSecret], time.Now)
	return k, err
}
