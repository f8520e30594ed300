package embedded

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
)

// engineConfig is the engine's configuration: sized for one machine that also
// runs everything else. Where the pool for merges is lowered, the free entries
// that large merges and mutations ask for must be lowered with it, or they
// would never run.
const engineConfig = `<clickhouse>
  <logger><console>0</console></logger>
  <users_config>%s</users_config>
  <background_pool_size>2</background_pool_size>
  <background_merges_mutations_concurrency_ratio>2</background_merges_mutations_concurrency_ratio>
  <background_common_pool_size>2</background_common_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_schedule_pool_size>4</background_schedule_pool_size>
  <background_buffer_flush_schedule_pool_size>1</background_buffer_flush_schedule_pool_size>
  <background_distributed_schedule_pool_size>1</background_distributed_schedule_pool_size>
  <background_message_broker_schedule_pool_size>1</background_message_broker_schedule_pool_size>
  <tables_loader_foreground_pool_size>2</tables_loader_foreground_pool_size>
  <tables_loader_background_pool_size>2</tables_loader_background_pool_size>
  <mark_cache_size>67108864</mark_cache_size>
  <index_mark_cache_size>16777216</index_mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <max_server_memory_usage>2147483648</max_server_memory_usage>
  <merge_tree>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>2</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_mutation>2</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>2</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
</clickhouse>
`

// engineUsers names two users. The engine's own session logs in as default,
// which cannot have a password: it may only start the listener, and only one
// session of it may be open, which the engine's own is. (The profile default
// stays empty: every user inherits it.) The program logs in as pitstop, which may
// neither manage users nor read files or other servers. async_insert is off so that a server of one's own and this one, which
// would run such inserts synchronously, behave alike.
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

// writeEngineConfig writes the engine's files into dir, readable by the owner only.
func writeEngineConfig(dir, password string) error {
	users := filepath.Join(dir, "users.xml")
	hash := sha256.Sum256([]byte(password))
	if err := writeFile(users, fmt.Appendf(nil, engineUsers, hex.EncodeToString(hash[:]))); err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, "config.xml"), fmt.Appendf(nil, engineConfig, xmlText(users)))
}
