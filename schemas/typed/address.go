package typed

import (
	"fmt"
	"net/mail"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// Bounds of an address (RFC 5321), in bytes.
const (
	maxAddress   = 254
	maxLocalPart = 64
)

// domains checks names as a resolver and a mail server do, in any script.
var domains = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true))

// AddressFault returns what is wrong with an e-mail address; empty: nothing.
func AddressFault(address string) string {
	at := strings.LastIndexByte(address, '@')
	parsed, err := mail.ParseAddress(address)
	hidden := strings.IndexFunc(address, func(r rune) bool { return r != ' ' && (unseen(r) || Broken(r) || unicode.IsSpace(r)) })
	switch {
	case hidden >= 0:
		return fmt.Sprintf("has a character that is not seen, %U: write the address again", []rune(address[hidden:])[0])
	case err != nil || parsed.Address != address || strings.ContainsRune(address, '\ufffd'):
		return "is not an e-mail address such as name@example.nl"
	case at > maxLocalPart:
		return fmt.Sprintf("has %d bytes before the @, more than %d", at, maxLocalPart)
	case len(address) > maxAddress:
		return fmt.Sprintf("has %d bytes, more than %d", len(address), maxAddress)
	case !getsMail(address[at+1:]):
		return fmt.Sprintf("%.100q is not a domain that gets mail, such as example.nl", address[at+1:])
	}
	return ""
}

// getsMail reports whether a domain is one that mail is sent to: not a host of a local
// network, nor an address of the net.
func getsMail(domain string) bool {
	ascii, err := domains.ToASCII(domain)
	last := strings.LastIndexByte(ascii, '.')
	return err == nil && last >= 0 && strings.ContainsFunc(ascii[last+1:], unicode.IsLetter)
}
