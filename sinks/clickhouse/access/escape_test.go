package access

import (
	"os"
	"strings"
	"testing"
)

// testNoEscape tries what a manager who writes SQL may think of, also with a client
// that claims another initial user.
func testNoEscape(t *testing.T, g *guarded) {
	secret := t.TempDir() + "/secret"
	must(t, os.WriteFile(secret, []byte("s3cret"), 0o600))
	for _, as := range []asker{g.itself(t, secretReaders.Of("brug")), g.spoofed(t, secretReaders.Of("brug"))} {
		for _, try := range escapes(secret) {
			err := as.conn.Exec(as.ctx(), try.sql)
			switch {
			case try.says == "ok":
				if err != nil {
					t.Errorf("%s%s: %v", as.name, try.sql, err)
				}
			case err == nil:
				t.Errorf("%s%s is done", as.name, try.sql)
			case !strings.Contains(err.Error(), try.says):
				t.Errorf("%s%s: %v does not say %q", as.name, try.sql, err, try.says)
			case strings.Contains(err.Error(), "s3cret"):
				t.Errorf("%s%s tells the secret: %v", as.name, try.sql, err)
			}
		}
	}
}

// An escape is a query, and a part of the error that it must return; "ok": none.
type escape struct{ sql, says string }

// escapes returns the queries to try; secret is a file that no reader may read.
func escapes(secret string) []escape {
	const denied = "Not enough privileges"
	return []escape{
		// what is not granted
		{"SELECT data FROM events", "data"},
		{"SELECT customer_email FROM events", "customer_email"},
		{"SELECT count() FROM pitstop.commands", denied},
		{"SELECT count() FROM pitstop.outcomes", denied},
		{"SELECT count() FROM pitstop.dead_letters", denied},
		{"SELECT count() FROM pitstop.goose_db_version", denied},
		{"EXPLAIN SELECT * FROM pitstop.dead_letters", denied},
		{"DESCRIBE TABLE pitstop.dead_letters", denied},
		// other ways to a table
		{"SELECT count() FROM pitstop.events", denied},
		{"SELECT count() FROM pitstop.waits", denied},
		{"SELECT garage_id FROM pitstop.garages", denied},
		{"SELECT * FROM merge('pitstop', '.*')", "no tables satisfied"},
		{"SELECT * FROM merge('pitstop', 'events')", "no tables satisfied"},
		{"SELECT * FROM merge('.*', '.*')", "does not exist"},
		{"SELECT * FROM loop(pitstop, events) LIMIT 1", denied},
		{"SELECT garage_id FROM mergeTreeIndex(pitstop, events)", denied},
		{"SELECT rows_in_granule FROM mergeTreeIndex(pitstop, events)", denied},
		{"SELECT * FROM remote('127.0.0.1', pitstop.events)", denied},
		{"SELECT * FROM remoteSecure('127.0.0.1', pitstop.events)", denied},
		{"SELECT * FROM cluster('default', pitstop.events)", "not found"},
		{"SELECT * FROM clusterAllReplicas('default', pitstop.events)", "not found"},
		{"SELECT * FROM mergeTreeIndex(pitstop, events)", denied},
		{"SELECT * FROM mergeTreeIndex(pitstop, latencies)", denied},
		{"SELECT * FROM mergeTreeAnalyzeIndexes(pitstop, events)", denied},
		{"SELECT * FROM mergeTreeAnalyzeIndexes(pitstop, events, garage_id = 'noord')", denied},
		{"SELECT * FROM mergeTreeTextIndex(pitstop, events, by_repair)", "expected 'text'"},
		{"SELECT * FROM mergeTreeProjection(pitstop, events, x)", "no projection"},
		{"SELECT * FROM dictionary('x')", denied},
		{"SELECT dictGet('pitstop.x', 'y', 1)", "not found"},
		{"SELECT joinGet('pitstop.events', 'data', 'x')", "StorageJoin"},
		// files, programs, the net
		{"SELECT file('" + secret + "')", "current_path"},
		{"SELECT file('" + secret + "', NULL)", "current_path"},
		{"SELECT file('../data/status')", "current_path"},
		{"SELECT * FROM file('" + secret + "', LineAsString)", "current_path"},
		{"SELECT * FROM filesystem('/')", denied},
		{"SELECT * FROM default.`" + secret + "`", "current_path"},
		{"SELECT * FROM sqlite('" + secret + "', 'x')", "current_path"},
		{"SELECT * FROM url('http://127.0.0.1/', CSV, 'n Int8')", denied},
		{"SELECT * FROM s3('http://127.0.0.1/bucket/x', CSV, 'n Int8')", denied},
		{"SELECT * FROM hdfs('hdfs://127.0.0.1:9/x', CSV, 'n Int8')", denied},
		{"SELECT * FROM mysql('127.0.0.1:9', 'd', 't', 'u', 'p')", denied},
		{"SELECT * FROM postgresql('127.0.0.1:9', 'd', 't', 'u', 'p')", denied},
		{"SELECT * FROM mongodb('127.0.0.1:9', 'd', 'c', 'u', 'p', 'n Int8')", denied},
		{"SELECT * FROM redis('127.0.0.1:9', 'k', 'k String')", denied},
		{"SELECT * FROM jdbc('x', 'y')", denied},
		{"SELECT * FROM odbc('DSN=x', 'y')", denied},
		{"SELECT * FROM executable('x', CSV, 'n Int8')", denied},
		{"SELECT * FROM input('n Int8')", "INSERT SELECT"},
		{"SELECT * FROM icebergLocal('/tmp')", denied},
		{"SELECT * FROM deltaLakeLocal('/tmp')", denied},
		// what the server knows
		{"SELECT * FROM system.users", denied},
		{"SELECT * FROM system.row_policies", denied},
		{"SELECT * FROM system.grants", denied},
		{"SELECT * FROM system.processes", denied},
		{"SELECT * FROM system.parts", denied},
		{"SELECT * FROM system.parts_columns", denied},
		{"SELECT * FROM system.server_settings", denied},
		{"SELECT * FROM system.query_cache", denied},
		{"SELECT * FROM system.query_log", "Unknown table"},
		{"SELECT * FROM system.user_processes", denied},
		{"SELECT * FROM system.replicas", denied},
		{"SELECT * FROM system.mutations", denied},
		{"SELECT * FROM system.named_collections", denied},
		{"SELECT * FROM information_schema.tables", denied},
		{"SHOW USERS", denied},
		{"SHOW PROCESSLIST", denied},
		{"SHOW CREATE TABLE pitstop.events", denied},
		{"SHOW CREATE USER pitstop", denied},
		{"SHOW CREATE ROW POLICY pitstop_reader ON events", denied},
		{"SHOW GRANTS FOR pitstop", denied},
		// what changes something
		{"INSERT INTO events (event_id) VALUES ('x')", denied},
		{"INSERT INTO FUNCTION file('/tmp/x', CSV, 'n Int8') VALUES (1)", "current_path"},
		{"ALTER TABLE events DELETE WHERE 1", denied},
		{"ALTER TABLE waits MODIFY SQL SECURITY NONE", denied},
		{"CREATE TABLE x (n Int8) ENGINE = Memory", denied},
		{"CREATE TEMPORARY TABLE x (n Int8)", denied},
		{"CREATE VIEW v AS SELECT 1", denied},
		{"CREATE MATERIALIZED VIEW v ENGINE = Memory AS SELECT garage_id FROM events", denied},
		{"CREATE DICTIONARY d (n Int8) PRIMARY KEY n SOURCE(CLICKHOUSE(TABLE 'events')) LAYOUT(FLAT()) LIFETIME(0)", denied},
		{"CREATE FUNCTION f AS (x) -> x", denied},
		{"CREATE USER other", denied},
		{"CREATE ROW POLICY mine ON events USING 1 TO ALL", denied},
		{"GRANT SELECT ON *.* TO pitstop_reader_brug", denied},
		{"DROP TABLE events", denied},
		{"TRUNCATE TABLE events", denied},
		{"OPTIMIZE TABLE events", denied},
		{"BACKUP TABLE events TO File('/tmp/x')", denied},
		{"SYSTEM FLUSH LOGS", denied},
		{"SYSTEM SHUTDOWN", denied},
		{"KILL QUERY WHERE 1", denied},
		{"EXECUTE AS pitstop SELECT 1", "IMPERSONATE"},
		{"SET ROLE ALL", "ok"},
		// settings: the limits hold, also after a change of profile
		{"SET profile = 'pitstop'", "ok"},
		{"SET profile = 'default'", "ok"},
		{"SET readonly = 0", "readonly"},
		{"SET readonly = 1", "readonly"},
		{"SET max_execution_time = 0", "less than"},
		{"SET max_execution_time = 121", "greater than"},
		{"SET max_execution_time = 65", "ok"}, // as Grafana does
		{"SET max_memory_usage = 0", "less than"},
		{"SET max_result_rows = 0", "less than"},
		{"SET max_memory_usage_for_user = 0", "should not be changed"},
		{"SET max_concurrent_queries_for_user = 0", "should not be changed"},
		{"SET max_temporary_data_on_disk_size_for_user = 0", "should not be changed"},
		{"SET enable_parallel_replicas = 1", "should not be changed"},
		{"SET allow_experimental_parallel_reading_from_replicas = 1", "should not be changed"},
		{"SET query_cache_share_between_users = 1", "should not be changed"},
		{"SELECT 1 SETTINGS readonly = 0", "readonly"},
		{"SELECT 1 SETTINGS max_execution_time = 0", "less than"},
	}
}
