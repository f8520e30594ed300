// Package keycloak runs Keycloak on this machine's loopback address, with a realm whose
// people work at the sample's garages. It is for tests, and for trying Pitstop with an
// identity provider as an operator has one: make keycloak, make test-keycloak.
//
// What it runs is named in pom.xml, fetched once with Maven and checked against
// artifacts.sha256 at every start. Keycloak is built for its database once, beside it in
// the user's cache.
package keycloak
