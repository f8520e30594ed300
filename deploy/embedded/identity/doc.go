// Package identity is an OpenID provider for one machine: the members of staff of the
// garage file are its users, and nobody has a password. Whoever reaches its page can
// sign in as anyone.
//
// The protocol is zitadel/oidc's: the authorization code flow with PKCE, refresh tokens,
// userinfo, the end of a session. Its tokens say who somebody is as the garage file is
// when they are made: who was removed can neither sign in nor go on.
package identity
