package e2e

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pitstop/deploy/e2e/client"
	"pitstop/deploy/e2e/expect"
)

// BenchmarkRequestToMail starts 200 repairs a second through the API, and reports the
// latency until the mail server has accepted the customer's mail: every hop of the
// pipeline, with the embedded broker syncing every write.
func BenchmarkRequestToMail(b *testing.B) {
	const perSecond = 200
	p := program.Up(b, b.TempDir())
	mechanic := p.Token(b, "mechanic", "sam", "de-brug")
	manager := client.Client{T: b, Base: p.API, Token: p.Token(b, "manager", "jan", "de-brug")}
	sender := &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 256}}
	start := func() error {
		key := rand.Text()
		body, err := json.Marshal(object{
			"external_ref": key, "vehicle": object{"plate": "K482TR", "country": "NL", "description": "Volkswagen Golf"},
			"customer": object{"name": "J. de Vries", "email": "j@example.nl", "language": "nl"},
			"agreed": object{"currency": "EUR", "prices_include_vat": true, "lines": []object{{
				"title": "Kleine beurt", "details": []object{{"kind": "labour", "description": "beurt", "quantity": "1", "unit_price": 28900, "vat": "21"}},
			}}},
		})
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, p.API+"/v1/repairs", bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+mechanic)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", key)
		answer, err := sender.Do(req)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if answer.StatusCode/100 != 2 {
			return fmt.Errorf("%s", answer.Status)
		}
		return nil
	}
	for range 50 { // warm up connections and caches
		if err := start(); err != nil {
			b.Fatal(err)
		}
	}
	began := time.Now()
	b.ResetTimer()
	pace := time.NewTicker(time.Second / perSecond)
	defer pace.Stop()
	var sending sync.WaitGroup
	for range b.N {
		<-pace.C
		sending.Go(func() {
			if err := start(); err != nil {
				b.Error(err)
			}
		})
	}
	sending.Wait()
	b.StopTimer()
	type figures struct {
		Rows []struct {
			N    int
			Open int
			Wall struct{ P50, P99 float64 }
		}
	}
	query := url.Values{"measure": {"delivery"}, "from": {began.UTC().Format(time.RFC3339Nano)}}
	var f figures
	expect.Until(b, "every mail accepted", func() string {
		f = client.Decode[figures](manager.Get("/v1/latencies?"+query.Encode()), http.StatusOK)
		if len(f.Rows) != 1 || f.Rows[0].N < b.N {
			return fmt.Sprintf("%+v", f)
		}
		return ""
	})
	b.ReportMetric(1000*f.Rows[0].Wall.P50, "ms-p50")
	b.ReportMetric(1000*f.Rows[0].Wall.P99, "ms-p99")
}

// BenchmarkUp reports how long pitstop up takes to get ready on an empty directory
// and on a used one, and its resident memory then, including its children's.
func BenchmarkUp(b *testing.B) {
	var empty, used time.Duration
	var memory int64
	for range b.N {
		dir := b.TempDir()
		began := time.Now()
		first, err := program.LaunchUp(dir)
		if err != nil {
			b.Fatal(err)
		}
		empty += time.Since(began)
		first.Stop(os.Interrupt)
		began = time.Now()
		second, err := program.LaunchUp(dir)
		if err != nil {
			b.Fatal(err)
		}
		used += time.Since(began)
		memory += resident(b, second.Cmd.Process.Pid)
		second.Stop(os.Interrupt)
	}
	n := float64(b.N)
	b.ReportMetric(empty.Seconds()/n, "s-empty")
	b.ReportMetric(used.Seconds()/n, "s-used")
	b.ReportMetric(float64(memory)/n/(1<<20), "MiB")
}

// BenchmarkHistory reports how long the demo's 30 days take with the default number
// of repairs, and the resident memory after them, including the children's.
func BenchmarkHistory(b *testing.B) {
	for range b.N {
		began := time.Now()
		p, err := program.Launch("demo", "--data", b.TempDir(), "--every", "1h")
		if err != nil {
			b.Fatal(err)
		}
		for !strings.Contains(p.Said.Tail(), "Look at:") {
			select {
			case <-p.Ended:
				b.Fatalf("ended early:\n%s", p.Said.Tail())
			case <-time.After(50 * time.Millisecond):
			}
		}
		b.ReportMetric(time.Since(began).Seconds(), "s")
		b.ReportMetric(float64(resident(b, p.Cmd.Process.Pid))/(1<<20), "MiB")
		if code := p.Stop(os.Interrupt); code != 0 {
			b.Errorf("ended with %d:\n%s", code, p.Said.Tail())
		}
	}
}

// resident returns the resident memory of a process and its children, in bytes.
func resident(t testing.TB, pid int) int64 {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	var total int64
	for _, file := range stats {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		// pid (name) state ppid …; the 24th field is the resident set in pages.
		_, rest, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(rest)
		parent, _ := strconv.Atoi(fields[1])
		if own := filepath.Base(filepath.Dir(file)); own != strconv.Itoa(pid) && parent != pid {
			continue
		}
		pages, err := strconv.ParseInt(fields[21], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		total += pages * int64(os.Getpagesize())
	}
	return total
}
