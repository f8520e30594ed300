// Package jvm runs programs written in Java for tests, and for trying Pitstop on the real
// parts: their artifacts, fetched once with Maven, kept in the user's cache and checked
// against their digests at every start; a Java that is new enough; their processes, of
// which nothing is left over, however this one ends.
package jvm
