package email

import (
	"errors"
	"fmt"
	netmail "net/mail"
	"slices"
	"strings"

	"golang.org/x/net/idna"
)

// deliverable returns the mail with addresses that a relay can take. A domain is written
// in punycode, which every server can read. A local part has no such form: an address with
// one that is not ASCII stays as it is where the relay takes UTF-8 (RFC 6531); elsewhere,
// such a recipient is left out, which leftOut says. The error says that the mail cannot go
// at all.
func deliverable(m Mail, takesUTF8 bool) (_ Mail, leftOut []error, err error) {
	var errs []error
	for what, a := range map[string]*netmail.Address{"From": &m.From, "Reply-To": &m.ReplyTo} {
		if a.Address, err = sendable(a.Address, takesUTF8); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", what, err))
		}
	}
	to := m.To
	m.To = nil
	for _, a := range to {
		if a.Address, err = sendable(a.Address, takesUTF8); err != nil {
			leftOut = append(leftOut, err)
			continue
		}
		m.To = append(m.To, a)
	}
	if len(m.To) == 0 {
		errs = append(errs, leftOut...)
	}
	return m, leftOut, errors.Join(errs...)
}

// sendable returns an address as it can be sent to, or why it cannot.
func sendable(address string, takesUTF8 bool) (string, error) {
	at := strings.LastIndexByte(address, '@')
	switch local := address[:max(at, 0)]; {
	case isASCII(address): // as it is: IDNA is stricter than mail servers
		return address, nil
	case !isASCII(local) && takesUTF8:
		return address, nil
	case !isASCII(local):
		return address, errors.New("the relay takes no address with anything but ASCII before the @ (it does not offer SMTPUTF8)")
	}
	domain, err := idna.Lookup.ToASCII(address[at+1:])
	if err != nil {
		return address, fmt.Errorf("the domain of the address is none: %w", err)
	}
	return address[:at+1] + domain, nil
}

// ascii reports whether every address of the mail is ASCII.
func ascii(m Mail) bool {
	return isASCII(m.From.Address) && isASCII(m.ReplyTo.Address) &&
		!slices.ContainsFunc(m.To, func(a netmail.Address) bool { return !isASCII(a.Address) })
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 127 })
}
