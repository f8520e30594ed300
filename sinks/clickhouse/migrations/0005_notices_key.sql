-- +goose NO TRANSACTION
-- +goose Up

-- The notices, as in 0003, with a key that holds no time: as it looks into the key,
-- the engine computes what a query's condition says of a key's columns, also for
-- another garage's rows, and an error would tell a garage's reader a time there. The
-- second index finds a time among the rows of the garage. Made from what it holds,
-- so that records which come meanwhile are there once or twice, never not at all.
DROP VIEW IF EXISTS notices_of_notifications;

DROP VIEW IF EXISTS notices_of_deliveries;

DROP TABLE IF EXISTS notices;

CREATE TABLE notices
(
    garage_id       LowCardinality(String),
    occurred_at     DateTime64(6, 'UTC'),
    event_id        String,
    aggregate_id    String,
    kind            LowCardinality(String),
    notification_id String,
    about           LowCardinality(String),
    recipient_role  LowCardinality(String),
    recipient_id    LowCardinality(String),
    reason          LowCardinality(String),
    INDEX at occurred_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PRIMARY KEY garage_id
ORDER BY (garage_id, occurred_at, event_id)
SETTINGS index_granularity = 1024;

CREATE MATERIALIZED VIEW notices_of_notifications TO notices AS
SELECT garage_id, occurred_at, event_id, aggregate_id, kind, notification_id, about, recipient_role, recipient_id, reason
FROM notifications;

CREATE MATERIALIZED VIEW notices_of_deliveries TO notices AS
SELECT garage_id, occurred_at, event_id, aggregate_id, kind, notification_id, about, recipient_role, recipient_id
FROM deliveries;

INSERT INTO notices (garage_id, occurred_at, event_id, aggregate_id, kind, notification_id, about, recipient_role, recipient_id, reason)
SELECT garage_id, occurred_at, event_id, aggregate_id, kind, notification_id, about, recipient_role, recipient_id, reason
FROM notifications;

INSERT INTO notices (garage_id, occurred_at, event_id, aggregate_id, kind, notification_id, about, recipient_role, recipient_id)
SELECT garage_id, occurred_at, event_id, aggregate_id, kind, notification_id, about, recipient_role, recipient_id
FROM deliveries;
