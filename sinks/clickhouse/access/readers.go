// Package access manages who may read the tables besides the program. It creates the
// ClickHouse users with which dashboards log in, one per garage and one for the
// operator, and what keeps a garage's user from other garages' rows: the views they
// select from, grants, row policies and limits.
package access

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pitstop/schemas/garage"
	sink "pitstop/sinks/clickhouse"
)

// Readers are the users of ClickHouse that dashboards log in with: one per garage,
// which sees that garage's rows and no others, whatever its SQL, and one for the
// operator, which sees every row. They only read, and only what dashboards need. A
// server has one set of them.
//
// A password is the HMAC-SHA256 of the user's name under the secret, in hexadecimal:
// whoever has the secret knows them all, and a new secret changes them all.
type Readers struct {
	Secret []byte // at least 32 bytes
}

// Reader is a user of the server, and its password.
type Reader struct{ User, Password string }

// Operator returns the reader of every garage's rows.
func (r Readers) Operator() Reader { return r.reader(operatorName) }

// Of returns the reader of one garage's rows.
func (r Readers) Of(garageID string) Reader { return r.reader(readerPrefix + garageID) }

func (r Readers) reader(user string) Reader {
	mac := hmac.New(sha256.New, r.Secret)
	mac.Write([]byte(user))
	return Reader{User: user, Password: hex.EncodeToString(mac.Sum(nil))}
}

// DSN returns the DSN with which the reader reaches the views on the server of c.
func (r Reader) DSN(c sink.Config) (string, error) {
	if err := c.Validate(); err != nil {
		return "", err
	}
	u, err := url.Parse(c.DSN)
	if err != nil { // it was parsed once
		return "", err
	}
	u.User, u.Path = url.UserPassword(r.User, r.Password), readersDatabase(u.Path)
	return u.String(), nil
}

// of returns the readers for the garages of a book, the operator's first.
func (r Readers) of(book *garage.Book) []Reader {
	readers := []Reader{r.Operator()}
	for _, p := range book.Garages() {
		readers = append(readers, r.Of(p.ID))
	}
	return readers
}

// hash returns what a server stores of the password. It needs no salt: the password
// is as random as the secret.
func (r Reader) hash() string {
	sum := sha256.Sum256([]byte(r.Password))
	return hex.EncodeToString(sum[:])
}

// Migrate creates the views, the users, their grants and the policies that restrict
// them, for the garages of the book, and drops the users of garages that left it.
// Running it again changes nothing, and leaves no gap while it runs. The user of c
// must be allowed to manage access; the views read with that user's rights. Run
// [sink.Migrate] first: it creates the tables.
func (r Readers) Migrate(ctx context.Context, c sink.Config, book *garage.Book) error {
	return withDatabase(c, "make readers", func(conn driver.Conn, database string) error {
		var present []string
		if err := conn.QueryRow(ctx, readersSQL).Scan(&present); err != nil {
			return err
		}
		return execute(ctx, conn, r.statements(database, present, book))
	})
}

// MigrateViews creates the views that readers select from, and no users or policies:
// for the embedded engine, which has those from [Readers.UsersFile].
func MigrateViews(ctx context.Context, c sink.Config) error {
	return withDatabase(c, "make views for readers", func(conn driver.Conn, database string) error {
		return execute(ctx, conn, viewStatements(database))
	})
}

// withDatabase connects to the database of c for work. Its error says what to do about
// missing rights, and about an old server.
func withDatabase(c sink.Config, what string, work func(conn driver.Conn, database string) error) (err error) {
	o, err := c.Options()
	if err != nil {
		return err
	}
	conn, err := c.Open()
	if err != nil {
		return err
	}
	err = errors.Join(work(conn, o.Auth.Database), conn.Close())
	if refused := (*clickhouse.Exception)(nil); errors.As(err, &refused) {
		switch refused.Code {
		case codeAccessDenied:
			return fmt.Errorf("%s: %w: let %s manage access (access_management), or run migrate as a user who may", what, err, o.Auth.Username)
		case codeUnknownFunction:
			return fmt.Errorf("%s: %w: they need ClickHouse 25.11 or later", what, err)
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func execute(ctx context.Context, conn driver.Conn, statements []string) error {
	for _, s := range statements {
		if err := conn.Exec(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// Error codes of the server.
const (
	codeAccessDenied    = 497
	codeUnknownFunction = 46
)
