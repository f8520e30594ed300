package embedded

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
)

// engineConfig is the engine's configuration. It shares the machine with
// everything else, so its memory is bounded. Its background pools are small by
// the library's own defaults; whoever changes them must check the merge tree
// settings number_of_free_entries_in_pool_* too, or large merges never run.
const engineConfig = `<clickhouse>
  <logger><console>0</console></logger>
  <users_config>%s</users_config>
  <max_server_memory_usage_to_ram_ratio>0.5</max_server_memory_usage_to_ram_ratio>
  <mark_cache_size>134217728</mark_cache_size>
</clickhouse>
`

// engineUsers names two users. The engine's own session logs in as default,
// which cannot have a password: it may only start the listener, and only one
// session of it may be open, which the engine's own is. (The profile default
// stays empty: every user inherits it.) The program logs in as pitstop, which may
// neither manage users nor read files or other servers. async_insert is off so
// that an operator's own server and this one, which would run such inserts
// synchronously, behave alike.
const engineUsers = `<clickhouse>
  <profiles>
    <default></default>
    <engine>
      <max_sessions_for_user>1</max_sessions_for_user>
      <max_concurrent_queries_for_user>1</max_concurrent_queries_for_user>
    </engine>
    <pitstop>
      <async_insert>0</async_insert>
    </pitstop>
  </profiles>
  <users>
    <default>
      <password></password>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>engine</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT SYSTEM LISTEN ON *.*</query>
        <query>GRANT CREATE TEMPORARY TABLE ON *.*</query>
      </grants>
    </default>
    <pitstop>
      <password_sha256_hex>%s</password_sha256_hex>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>pitstop</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT CHECK, SHOW, SELECT, INSERT, ALTER, CREATE, DROP, UNDROP TABLE, TRUNCATE, OPTIMIZE, KILL QUERY, SYSTEM, dictGet, INTROSPECTION ON *.*</query>
        <query>GRANT TABLE ENGINE ON *</query>
      </grants>
    </pitstop>
  </users>
  <quotas><default></default></quotas>
</clickhouse>
`

// writeEngineConfig writes the engine's files into dir, readable by the owner
// only. The engine adds what is in the folder users.d to its users.
func writeEngineConfig(dir, password string, more []byte) error {
	users := filepath.Join(dir, "users.xml")
	hash := sha256.Sum256([]byte(password))
	if err := writeFile(users, fmt.Appendf(nil, engineUsers, hex.EncodeToString(hash[:]))); err != nil {
		return err
	}
	if more == nil {
		more = []byte("<clickhouse></clickhouse>\n")
	}
	if err := os.MkdirAll(filepath.Join(dir, "users.d"), 0o700); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(dir, "users.d", "more.xml"), more); err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, "config.xml"), fmt.Appendf(nil, engineConfig, xmlText(users)))
}
