-- Every table holds the records of one topic, identified by event_id: a record
-- that is inserted again replaces itself, so every read must deduplicate (FINAL).
-- There is no PARTITION BY: an insert is atomic only within a partition.
-- data is the record as JSON with its personal data opened; the other columns
-- are what is filtered and aggregated. logged_at is Kafka's timestamp.

-- +goose NO TRANSACTION
-- +goose Up

CREATE TABLE IF NOT EXISTS commands
(
    event_id       String,
    aggregate_id   String,
    garage_id      LowCardinality(String),
    kind           LowCardinality(String),
    occurred_at    DateTime64(6, 'UTC'),
    actor_role     LowCardinality(String),
    actor_id       LowCardinality(String),
    correlation_id String,
    causation_id   String,
    logged_at      DateTime64(3, 'UTC'),
    data           String CODEC(ZSTD(3)),
    INDEX by_id event_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree
ORDER BY (garage_id, aggregate_id, event_id);

CREATE TABLE IF NOT EXISTS outcomes
(
    event_id       String,
    aggregate_id   String,
    garage_id      LowCardinality(String),
    kind           LowCardinality(String),
    occurred_at    DateTime64(6, 'UTC'),
    actor_role     LowCardinality(String),
    actor_id       LowCardinality(String),
    correlation_id String,
    causation_id   String,
    logged_at      DateTime64(3, 'UTC'),
    data           String CODEC(ZSTD(3)),
    command        LowCardinality(String),
    result         LowCardinality(String),
    code           LowCardinality(String),
    state          LowCardinality(String),
    sequence       Int64,
    INDEX by_command causation_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree
ORDER BY (garage_id, aggregate_id, event_id);

CREATE TABLE IF NOT EXISTS events
(
    event_id          String,
    aggregate_id      String,
    garage_id         LowCardinality(String),
    kind              LowCardinality(String),
    occurred_at       DateTime64(6, 'UTC'),
    actor_role        LowCardinality(String),
    actor_id          LowCardinality(String),
    correlation_id    String,
    causation_id      String,
    logged_at         DateTime64(3, 'UTC'),
    data              String CODEC(ZSTD(3)),
    sequence          Int64,
    state             LowCardinality(String) COMMENT 'the state it leads to; empty: it changes none',
    side              LowCardinality(String) COMMENT 'staff, customer or system',
    revision          Int32,
    replaces          Int32,
    external_ref      String,
    plate             String,
    country           LowCardinality(String),
    vehicle           String,
    customer_id       String,
    customer_name     String,
    customer_email    String,
    customer_phone    String,
    customer_language LowCardinality(String),
    mechanic          LowCardinality(String) COMMENT 'who from here on works on the car; empty: it changes nobody',
    amount            Int64 COMMENT 'minor units: agreed, asked, approved or to pay',
    currency          LowCardinality(String),
    decision          LowCardinality(String),
    method            LowCardinality(String),
    message_kind      LowCardinality(String),
    text              String CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree
ORDER BY (garage_id, aggregate_id, sequence, event_id);

CREATE TABLE IF NOT EXISTS notifications
(
    event_id        String,
    aggregate_id    String,
    garage_id       LowCardinality(String),
    kind            LowCardinality(String) COMMENT 'NotificationRequested, NotificationSuppressed or CallTask',
    occurred_at     DateTime64(6, 'UTC'),
    actor_role      LowCardinality(String),
    actor_id        LowCardinality(String),
    correlation_id  String,
    causation_id    String,
    logged_at       DateTime64(3, 'UTC'),
    data            String CODEC(ZSTD(3)),
    notification_id String,
    about           LowCardinality(String) COMMENT 'approval_required, repair_completed, …',
    rests_on        Int64,
    revision        Int32,
    recipient_role  LowCardinality(String),
    recipient_id    LowCardinality(String),
    channel         LowCardinality(String),
    attempt         Int32,
    reason          LowCardinality(String),
    because         LowCardinality(String)
)
ENGINE = ReplacingMergeTree
ORDER BY (garage_id, aggregate_id, event_id);

CREATE TABLE IF NOT EXISTS deliveries
(
    event_id        String,
    aggregate_id    String,
    garage_id       LowCardinality(String),
    kind            LowCardinality(String) COMMENT 'DeliveryAccepted, DeliveryDeferred or DeliveryFailed',
    occurred_at     DateTime64(6, 'UTC'),
    actor_role      LowCardinality(String),
    actor_id        LowCardinality(String),
    correlation_id  String,
    causation_id    String,
    logged_at       DateTime64(3, 'UTC'),
    data            String CODEC(ZSTD(3)),
    notification_id String,
    about           LowCardinality(String),
    rests_on        Int64,
    revision        Int32,
    recipient_role  LowCardinality(String),
    recipient_id    LowCardinality(String),
    channel         LowCardinality(String),
    attempt         Int32,
    code            Int32
)
ENGINE = ReplacingMergeTree
ORDER BY (garage_id, aggregate_id, event_id);

CREATE TABLE IF NOT EXISTS latencies
(
    latency_id     String,
    version        Int64,
    event_id       String,
    aggregate_id   String,
    garage_id      LowCardinality(String),
    measure        LowCardinality(String),
    started_at     DateTime64(6, 'UTC'),
    ended_at       Nullable(DateTime64(6, 'UTC')),
    outcome        LowCardinality(String) COMMENT 'empty: open; void: counts for nothing',
    wall_micros    Int64,
    opening_micros Int64,
    mechanic       LowCardinality(String),
    revision       Int32,
    about          LowCardinality(String),
    channel        LowCardinality(String),
    amount         Int64,
    currency       LowCardinality(String),
    logged_at      DateTime64(3, 'UTC'),
    INDEX started started_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (garage_id, measure, latency_id);

CREATE TABLE IF NOT EXISTS dead_letters
(
    topic     LowCardinality(String),
    partition Int32,
    offset    Int64,
    consumer  LowCardinality(String),
    reason    LowCardinality(String),
    detail    String,
    at        DateTime64(6, 'UTC'),
    key       String,
    value     String CODEC(ZSTD(3)),
    headers   Array(Tuple(key String, value String)),
    logged_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (topic, partition, offset, consumer);

-- Everything that a partition held at as_of is in the tables.
CREATE TABLE IF NOT EXISTS freshness
(
    topic     LowCardinality(String),
    partition Int32,
    as_of     DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(as_of)
ORDER BY (topic, partition);
