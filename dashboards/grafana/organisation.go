package grafana

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"

	"github.com/grafana/grafana-openapi-client-go/models"

	"pitstop/dashboards"
	"pitstop/schemas/locale"
)

// Organisation is an organisation of Grafana's, and what is Pitstop's in it.
// Everybody in one may query its data sources with SQL of their own, so a garage
// has an organisation to itself, whose data source logs in as that garage's
// reader (docs/adr/0011).
type Organisation struct {
	Name       string // in Grafana; unique there
	Lang       locale.Lang
	Currency   string // ISO 4217, of amounts; empty: there are several
	ClickHouse ClickHouse
	Prometheus string // URL as Grafana sees it; empty: no data source
	Dashboards []dashboards.Dashboard
	Alerts     []dashboards.Alert
}

// ClickHouse is how Grafana reaches ClickHouse, natively.
type ClickHouse struct {
	Host     string
	Port     int
	Secure   bool
	CA       string // certificates to trust, in PEM; empty: those of Grafana's machine
	Database string
	User     string
	// Password must be as good as random: a digest of it stands where everybody
	// in the organisation can read it.
	Password string
}

// NameOf returns the organisation of a garage, by its id, which never changes.
func NameOf(garageID string) string { return OperatorName + " " + garageID }

// OperatorName is the organisation of whoever runs the system.
const OperatorName = "Pitstop"

// contents are what an organisation holds, in the terms of Grafana's API.
type contents struct {
	folder     models.CreateFolderCommand
	sources    []models.AddDataSourceCommand
	dashboards []classic
	rules      *models.AlertRuleGroup // nil: none
}

const (
	folderUID   = "pitstop"
	folderTitle = "Pitstop"
	groupTitle  = "Pitstop"
)

func (o Organisation) contents() (contents, error) {
	c := contents{
		folder:  models.CreateFolderCommand{UID: folderUID, Title: folderTitle},
		sources: o.sources(),
		rules:   o.rules(),
	}
	s := style{lang: o.Lang, currency: o.Currency, siblings: o.Dashboards}
	for _, d := range o.Dashboards {
		built, err := s.build(d)
		if err != nil {
			return c, err
		}
		c.dashboards = append(c.dashboards, built)
	}
	return c, nil
}

// secretDigest is the setting that says which password and certificates a data
// source was given: Grafana keeps it as it is, and never returns those.
const secretDigest = "pitstopDigest"

func (o Organisation) sources() []models.AddDataSourceCommand {
	ch := o.ClickHouse
	settings := map[string]any{
		"host": ch.Host, "port": ch.Port, "protocol": "native", "secure": ch.Secure,
		"username": ch.User, "defaultDatabase": ch.Database,
		"dialTimeout": "10", "queryTimeout": "30",
	}
	secrets := map[string]string{"password": ch.Password}
	if ch.CA != "" {
		settings["tlsAuthWithCACert"], secrets["tlsCACert"] = true, ch.CA
	}
	if ch.Password != "" {
		settings[secretDigest] = digest(ch.Password, ch.CA)
	}
	sources := []models.AddDataSourceCommand{{
		UID: clickhouseUID, Name: "Pitstop ClickHouse", Type: clickhousePlugin, Access: "proxy",
		JSONData: settings, SecureJSONData: secrets,
	}}
	if o.Prometheus != "" {
		sources = append(sources, models.AddDataSourceCommand{
			UID: prometheusUID, Name: "Pitstop Prometheus", Type: prometheusPlugin, Access: "proxy", URL: o.Prometheus,
			JSONData: map[string]any{"httpMethod": "POST", "timeInterval": "15s"},
		})
	}
	return sources
}

// digest identifies the secrets, and reveals nothing else about a random password.
func digest(password, ca string) string {
	mac := hmac.New(sha256.New, []byte(password))
	mac.Write([]byte("pitstop dashboards " + ca))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}
