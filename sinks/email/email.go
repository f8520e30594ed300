// Package email is the channel sink for e-mail. It reads NotificationRequested
// records, writes each as a mail in the recipient's language, hands it to a
// Transport and records on the deliveries topic what became of the attempt.
//
// It keeps no state: the notification holds all there is to say. An attempt is
// recorded before its offset is committed, so a mail is never lost; a second copy
// can go out only where the relay's answer or the record of it was lost, and then it
// has the same Message-ID.
package email

import (
	"errors"
	"fmt"
	netmail "net/mail"
	"net/url"
	"strings"
	"time"

	"pitstop/schemas/link"
)

// DefaultLinkLifetime is how long a customer's link works.
const DefaultLinkLifetime = 90 * 24 * time.Hour

// Config says who mails come from and where their links lead.
type Config struct {
	// PublicURL is where customers reach the API, e.g. https://garage.example;
	// their links are below it.
	PublicURL string
	// StaffURL is the page of a repair for staff, with {repair} in place of its
	// id; empty: their mails have no link.
	StaffURL string
	// Sender is the address in From, beside the garage's name.
	Sender string
	// Domain is the right-hand side of every Message-ID; empty: Sender's.
	Domain string
	// LinkKeys sign the customers' links.
	LinkKeys *link.Keys
	// LinkLifetime is how long a link works; 0: DefaultLinkLifetime.
	LinkLifetime time.Duration
}

func (c Config) withDefaults() Config {
	if c.Domain == "" {
		_, c.Domain, _ = strings.Cut(c.Sender, "@")
	}
	if c.LinkLifetime == 0 {
		c.LinkLifetime = DefaultLinkLifetime
	}
	return c
}

// Validate reports everything that is wrong.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if u, err := url.Parse(c.PublicURL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" {
		bad("public URL %q is not the http or https address that customers reach: give --public-url", c.PublicURL)
	}
	if c.StaffURL != "" {
		if u, err := url.Parse(strings.ReplaceAll(c.StaffURL, "{repair}", "x")); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			bad("staff URL %q is not an http or https address with {repair} in place of the repair's id", c.StaffURL)
		}
	}
	if !bareAddress(c.Sender) {
		bad("mail sender %q is not an address such as bericht@garage.example: give --mail-sender", c.Sender)
	}
	if d := c.withDefaults().Domain; strings.ContainsAny(d, "@<> \t\r\n") {
		bad("mail domain %q is not a domain such as garage.example", d)
	}
	if c.LinkKeys == nil {
		bad("no keys to sign the customers' links: give --link-keys")
	}
	if c.LinkLifetime < 0 {
		bad("link lifetime %s is negative", c.LinkLifetime)
	}
	return errors.Join(errs...)
}

// bareAddress reports whether s is one mail address and nothing else.
func bareAddress(s string) bool {
	a, err := netmail.ParseAddress(s)
	return err == nil && a.Name == "" && a.Address == s && !strings.ContainsAny(s, "\r\n<>")
}
