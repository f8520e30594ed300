package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"pitstop/cmd/pitstop/progress"
	"pitstop/dashboards/grafana"
	"pitstop/schemas/garage"
	"pitstop/schemas/locale"
	"pitstop/sinks/clickhouse/access"
)

// dashboardsCommand reconciles Grafana with the dashboards and alert rules.
type dashboardsCommand struct {
	Plan   dashboardsPlan   `cmd:"" help:"Show what apply would do in Grafana."`
	Apply  dashboardsApply  `cmd:"" help:"Make organisations, data sources, dashboards and alert rules in Grafana as they should be."`
	Export dashboardsExport `cmd:"" help:"Write the files that a Grafana provisions itself from, for one organisation."`
}

// sourceFlags say whose dashboards, and where Grafana finds their data.
type sourceFlags struct {
	garageFlags
	readerFlags
	Garage                  string      `help:"Only this garage's." placeholder:"ID"`
	Language                locale.Lang `enum:"en,nl" default:"en" help:"Of the operator's dashboards, en or nl; garages have their own."`
	GrafanaClickHouse       string      `name:"grafana-clickhouse" help:"ClickHouse's native port, as Grafana reaches it." placeholder:"HOST:PORT"`
	GrafanaClickHouseSecure bool        `name:"grafana-clickhouse-secure" help:"Grafana encrypts its connection to ClickHouse."`
	GrafanaClickHouseCA     string      `name:"grafana-clickhouse-ca" help:"Certificates that Grafana is to trust for it, in PEM; default: those of its machine." placeholder:"FILE"`
	GrafanaDatabase         string      `default:"pitstop_readers" help:"ClickHouse database of the readers' views, as migrate makes it."`
	GrafanaPrometheus       string      `help:"Prometheus, as Grafana reaches it; default: none, and no dashboard of the pipeline." placeholder:"URL"`
}

// organisations returns the operator's and every garage's, or the chosen one.
// Without readers they have no passwords.
func (f sourceFlags) organisations(book *garage.Book, readers *access.Readers) ([]grafana.Organisation, error) {
	host, portText, addrErr := net.SplitHostPort(f.GrafanaClickHouse)
	port, err := strconv.Atoi(portText)
	if addrErr != nil || err != nil || host == "" {
		addrErr = fmt.Errorf("--grafana-clickhouse %q is not host:port", f.GrafanaClickHouse)
	}
	var ca []byte
	var caErr error
	if f.GrafanaClickHouseCA != "" {
		if ca, caErr = os.ReadFile(f.GrafanaClickHouseCA); caErr != nil {
			caErr = fmt.Errorf("--grafana-clickhouse-ca: %w", caErr)
		}
	}
	if f.GrafanaClickHouseCA != "" && !f.GrafanaClickHouseSecure {
		caErr = errors.Join(caErr, errors.New("--grafana-clickhouse-ca goes with --grafana-clickhouse-secure: the connection is not encrypted"))
	}
	if err := errors.Join(addrErr, caErr); err != nil {
		return nil, err
	}
	at := func(of func(access.Readers) access.Reader) grafana.ClickHouse {
		ch := grafana.ClickHouse{Host: host, Port: port, Secure: f.GrafanaClickHouseSecure, CA: string(ca), Database: f.GrafanaDatabase}
		if readers != nil {
			r := of(*readers)
			ch.User, ch.Password = r.User, r.Password
		} else {
			ch.User = of(access.Readers{}).User
		}
		return ch
	}
	ofGarage := func(id string) grafana.ClickHouse {
		return at(func(r access.Readers) access.Reader { return r.Of(id) })
	}
	if f.Garage != "" {
		p, ok := book.Garage(f.Garage)
		if !ok {
			return nil, fmt.Errorf("no garage %q in %s", f.Garage, f.Garages)
		}
		return []grafana.Organisation{grafana.ForGarage(p, ofGarage(p.ID))}, nil
	}
	return grafana.Organisations(book, f.Language, at(access.Readers.Operator), ofGarage, f.GrafanaPrometheus), nil
}

type (
	dashboardsPlan  struct{ dashboardsFlags }
	dashboardsApply struct{ dashboardsFlags }
)

type dashboardsFlags struct {
	sourceFlags
	GrafanaURL      string        `name:"grafana-url" help:"Grafana, as https://grafana.example." placeholder:"URL"`
	GrafanaUser     string        `help:"Administrator of Grafana's server, for every organisation."`
	GrafanaPassword string        `help:"Password; give it as PITSTOP_GRAFANA_PASSWORD."`
	GrafanaToken    string        `help:"Token of a service account instead, for the one organisation it is of; give it as PITSTOP_GRAFANA_TOKEN."`
	Organisation    string        `help:"With a token: the name of its organisation in Grafana." placeholder:"NAME"`
	GrafanaCA       string        `name:"grafana-ca" help:"Certificates to trust, in PEM; default: the system's." placeholder:"FILE"`
	GrafanaTimeout  time.Duration `default:"30s" help:"Of one request, at most 30s."`
}

func (c *dashboardsPlan) Run(e *env) error  { return c.run(e, false) }
func (c *dashboardsApply) Run(e *env) error { return c.run(e, true) }

func (c *dashboardsFlags) run(e *env, apply bool) error {
	server := grafana.Server{
		URL: c.GrafanaURL, User: c.GrafanaUser, Password: c.GrafanaPassword, Token: c.GrafanaToken,
		CA: c.GrafanaCA, Timeout: c.GrafanaTimeout,
	}
	organisations, err := c.chosen()
	if err := wrongUsage(server.Validate(), err); err != nil {
		return err
	}
	table := grafana.Printer{Out: e.out, Of: len(organisations), Colours: progress.Terminal(e.out) && os.Getenv("NO_COLOR") == ""}
	run := server.Plan
	if apply {
		run = server.Apply
	}
	err = run(e, organisations, table.Tell)
	table.Sum(apply)
	return err
}

// chosen returns the organisations to reconcile, or every mistake in the flags.
func (c *dashboardsFlags) chosen() ([]grafana.Organisation, error) {
	var errs []error
	book, err := c.load()
	errs = append(errs, err)
	readers, err := c.readers()
	if err == nil && readers == nil {
		err = errors.New("no PITSTOP_READER_SECRET: the passwords of the data sources are computed from it, the same as pitstop migrate's")
	}
	errs = append(errs, err)
	if c.GrafanaToken != "" && c.Organisation == "" {
		errs = append(errs, errors.New("a token is of one organisation: give its name in Grafana as --organisation, and whose dashboards it gets as --garage (default: the operator's)"))
	}
	if c.GrafanaToken == "" && c.Organisation != "" {
		errs = append(errs, errors.New("--organisation goes with PITSTOP_GRAFANA_TOKEN; choose one garage's with --garage"))
	}
	if book == nil {
		book = new(garage.Book)
		c.Garage = "" // without a garage file it cannot be checked
	}
	organisations, err := c.organisations(book, readers)
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	if c.GrafanaToken != "" {
		organisations = organisations[:1]
		organisations[0].Name = c.Organisation
	}
	return organisations, nil
}

// dashboardsExport writes them as files for provisioning.
type dashboardsExport struct {
	sourceFlags
	Dir          string `required:"" help:"Where to write them." placeholder:"DIR"`
	Provisioning string `default:"/etc/grafana/provisioning" help:"Where Grafana will see that directory."`
	Env          string `help:"Also write the variables that Grafana needs, for which PITSTOP_READER_SECRET must be given; readable by you alone." placeholder:"FILE"`
}

func (c *dashboardsExport) Run(e *env) error {
	var errs []error
	book := new(garage.Book)
	if c.Garages != "" || c.Garage != "" {
		loaded, err := c.load()
		book, errs = loaded, append(errs, err)
	}
	readers, err := c.readers()
	if err == nil && readers == nil && c.Env != "" {
		err = errors.New("no PITSTOP_READER_SECRET: --env has nothing to write")
	}
	errs = append(errs, err)
	if errors.Join(errs...) != nil {
		return wrongUsage(errs...)
	}
	organisations, err := c.organisations(book, readers)
	if err != nil {
		return wrongUsage(err)
	}
	o := organisations[0]
	files, err := o.Files(c.Provisioning)
	if err != nil {
		return err
	}
	if err := grafana.Write(c.Dir, files); err != nil {
		return err
	}
	fmt.Fprintf(e.out, `wrote %d files for Grafana's first organisation to %s
Grafana reads them when it starts, from %s. It needs the plugin grafana-clickhouse-datasource, 4.x, and in its environment:
  %s   the password of ClickHouse's user %s
`, len(files), c.Dir, c.Provisioning, grafana.PasswordVariable, o.ClickHouse.User)
	if c.Env == "" {
		return nil
	}
	if err := grafana.WritePassword(c.Env, o.ClickHouse.Password); err != nil {
		return err
	}
	fmt.Fprintf(e.out, "which stands in %s\n", c.Env)
	return nil
}
