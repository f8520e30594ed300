package access

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"

	"pitstop/deploy/embedded"
	sink "pitstop/sinks/clickhouse"
	"pitstop/sinks/clickhouse/clickhousetest"
)

// TestColumnsAreShownOnPurpose lists the views' columns: a column that is added to a
// table must be shown to readers, or hidden, on purpose.
func TestColumnsAreShownOnPurpose(t *testing.T) {
	d := clickhousetest.Open(t, clickhousetest.Empty(t))
	withheld := map[string]string{
		"conversations": "customer_email message message_kind",
		"deliveries":    "data",
		"events":        "approver_name approver_phone customer_email customer_name customer_phone data text",
		"notifications": "data",
		"timeline":      "data request",
	}
	for _, v := range views {
		if v.columns == "*" {
			continue
		}
		all, err := texts(t, d.Conn, "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = '"+v.name+"' ORDER BY name")
		must(t, err)
		listed := append(strings.Split(v.columns, ", "), strings.Fields(withheld[v.name])...)
		slices.Sort(listed)
		if diff := cmp.Diff(all, listed); diff != "" {
			t.Errorf("%s (-columns +shown or withheld):\n%s", v.name, diff)
		}
	}
}

// TestReaderStatements checks what migrate sends to a server. The embedded engine
// keeps no users created by SQL, so it only parses them: the effect of policies,
// grants and limits is tested with the users file, which configures the same.
func TestReaderStatements(t *testing.T) {
	present := []string{"pitstop_reader", "pitstop_reader_brug", "pitstop_reader_gone-1"}
	statements := secretReaders.statements("pitstop", present, book(t))
	clickhousetest.Golden(t, "readers.sql", []byte(strings.Join(statements, ";\n")+";\n"))
	clickhousetest.Golden(t, "readers.xml", secretReaders.UsersFile("pitstop", "pitstop", book(t)))

	d := clickhousetest.Open(t, clickhousetest.Empty(t))
	for _, s := range statements {
		var formatted string
		if err := d.Conn.QueryRow(t.Context(), "SELECT formatQuery(?)", s).Scan(&formatted); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
}

// TestReadersNeedAManager: without the right to manage access the error says what to do.
func TestReadersNeedAManager(t *testing.T) {
	d := clickhousetest.Open(t, clickhousetest.Empty(t))
	err := secretReaders.Migrate(t.Context(), d.Config, book(t))
	if err == nil || !strings.Contains(err.Error(), "manage access") {
		t.Errorf("%v does not say what to do", err)
	}
	if err != nil && strings.Contains(err.Error(), hex.EncodeToString(secretReaders.Secret)) {
		t.Errorf("the error tells the secret: %v", err)
	}
}

// TestReadersNeedAServer that has the function; any missing one leads to the same error.
func TestReadersNeedAServer(t *testing.T) {
	err := withDatabase(clickhousetest.Empty(t), "make readers", func(conn driver.Conn, _ string) error {
		return conn.Exec(t.Context(), "SELECT authenticatedUsers()")
	})
	if err == nil || !strings.Contains(err.Error(), "25.11") {
		t.Errorf("%v does not say which server they need", err)
	}
}

// TestReadersRights: the grants in docs/operations.md suffice for what migrate does
// about readers, and none is superfluous. The engine checks grants before it says that
// it keeps no users created by SQL.
func TestReadersRights(t *testing.T) {
	rights := documentedRights(t)
	var users bytes.Buffer
	user := func(name string, has []string) {
		fmt.Fprintf(&users, "<%s><password>x</password><profile>pitstop</profile><quota>default</quota><grants>", name)
		for _, right := range append(has, "GRANT SELECT ON pitstop.*") {
			fmt.Fprintf(&users, "<query>%s</query>", right)
		}
		fmt.Fprintf(&users, "</grants></%s>\n", name)
	}
	user("all", slices.Clone(rights))
	for i := range rights {
		user(fmt.Sprintf("without%d", i), slices.Delete(slices.Clone(rights), i, i+1))
	}
	file := bytes.Replace(secretReaders.UsersFile("pitstop", embedded.Database, book(t)), []byte("</users>"), append(users.Bytes(), "</users>"...), 1)
	c := startEngine(t, file)
	_, err := sink.Migrate(t.Context(), c, book(t), quiet)
	must(t, err)

	// denied returns what a user may not do.
	denied := func(name string) (all []string) {
		u, err := url.Parse(c.DSN)
		must(t, err)
		u.User = url.UserPassword(name, "x")
		conn, err := sink.Config{DSN: u.String()}.Open()
		must(t, err)
		defer conn.Close()
		statements := secretReaders.statements("pitstop", []string{"pitstop_reader_gone"}, book(t))
		for _, s := range append([]string{readersSQL}, statements...) {
			err := conn.Exec(t.Context(), s)
			e := (*clickhouse.Exception)(nil)
			switch {
			case err == nil || errors.As(err, &e) && slices.Contains(keepsNoUsers, e.Code):
			case e != nil && e.Code == codeAccessDenied:
				all = append(all, err.Error())
			default:
				t.Errorf("%s: %s: %v", name, s, err)
			}
		}
		return all
	}
	for range 2 { // replacing a view needs other rights than creating it
		if all := denied("all"); all != nil {
			t.Errorf("the rights are not enough: %s", strings.Join(all, "\n"))
		}
	}
	for i, right := range rights {
		if denied(fmt.Sprintf("without%d", i)) == nil {
			t.Errorf("%s is not needed", right)
		}
	}
}

// keepsNoUsers are the codes with which the embedded engine refuses users by SQL.
var keepsNoUsers = []int32{
	495, // ACCESS_STORAGE_READONLY
	523, // UNKNOWN_ROW_POLICY
	514, // ACCESS_STORAGE_FOR_INSERTION_NOT_FOUND
}

// documentedRights returns the grants in the manual, one by one, without the grantee.
func documentedRights(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/operations.md")
	must(t, err)
	var rights []string
	for _, m := range regexp.MustCompile(`(?m)^GRANT (.*) (ON \S+) TO pitstop( WITH GRANT OPTION)?;$`).FindAllSubmatch(text, -1) {
		for right := range strings.SplitSeq(string(m[1]), ", ") {
			rights = append(rights, fmt.Sprintf("GRANT %s %s%s", right, m[2], m[3]))
		}
	}
	if len(rights) < 10 {
		t.Fatalf("docs/operations.md has the rights %q", rights)
	}
	return rights
}

// startEngine starts an engine for this test alone, with the users of a file.
func startEngine(t *testing.T, users []byte) sink.Config {
	t.Helper()
	data, err := embedded.Open(t.TempDir(), quiet)
	must(t, err)
	t.Cleanup(func() { _ = data.Close() })
	e, err := embedded.StartClickHouse(t.Context(), data, embedded.ClickHouseOptions{Log: quiet, Users: users})
	must(t, err)
	t.Cleanup(func() {
		if err := e.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return sink.Config{DSN: e.DSN}
}
