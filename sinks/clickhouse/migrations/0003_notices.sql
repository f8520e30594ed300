-- +goose NO TRANSACTION
-- +goose Up

-- What is said about notifications, by time: requests, suppressions, call tasks and
-- deliveries. A question about the last day reads the last day.
CREATE TABLE IF NOT EXISTS notices
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
    reason          LowCardinality(String)
)
ENGINE = ReplacingMergeTree
ORDER BY (garage_id, occurred_at, event_id)
SETTINGS index_granularity = 1024;

CREATE MATERIALIZED VIEW IF NOT EXISTS notices_of_notifications TO notices AS
SELECT garage_id, occurred_at, event_id, aggregate_id, kind, notification_id, about, recipient_role, recipient_id, reason
FROM notifications;

CREATE MATERIALIZED VIEW IF NOT EXISTS notices_of_deliveries TO notices AS
SELECT garage_id, occurred_at, event_id, aggregate_id, kind, notification_id, about, recipient_role, recipient_id
FROM deliveries;

INSERT INTO notices (garage_id, occurred_at, event_id, aggregate_id, kind, notification_id, about, recipient_role, recipient_id, reason)
SELECT garage_id, occurred_at, event_id, aggregate_id, kind, notification_id, about, recipient_role, recipient_id, reason
FROM notifications;

INSERT INTO notices (garage_id, occurred_at, event_id, aggregate_id, kind, notification_id, about, recipient_role, recipient_id)
SELECT garage_id, occurred_at, event_id, aggregate_id, kind, notification_id, about, recipient_role, recipient_id
FROM deliveries;

-- Repairs that may wait for something: those that do, and some more. Each row is a
-- part of what is known of a repair, and its numbers are maxima. So the one that
-- has the last request says that the repair waits, if it does; and the like. This
-- looks at every repair but gathers none, as conversations does.
CREATE VIEW IF NOT EXISTS pending AS
SELECT
    garage_id,
    aggregate_id AS repair_id,
    requested > greatest(settled, ended) AS may_wait,
    last_asked > greatest(answered, ended) AS may_need_reply,
    called_at >= spoken_at AND called_at > toDateTime64(0, 6, 'UTC') AS may_call
FROM repairs;

-- The calendar and the days once more, with finer granules: who looks at a year of
-- one garage need not read them all.
DROP TABLE IF EXISTS calendar_fine;

CREATE TABLE calendar_fine
(
    garage_id     LowCardinality(String),
    starts_at     DateTime64(6, 'UTC'),
    ends_at       DateTime64(6, 'UTC'),
    before_micros Int64 COMMENT 'opening time before starts_at'
)
ENGINE = MergeTree
ORDER BY (garage_id, starts_at)
SETTINGS index_granularity = 256;

INSERT INTO calendar_fine SELECT * FROM calendar;

EXCHANGE TABLES calendar AND calendar_fine;

DROP TABLE calendar_fine;

DROP TABLE IF EXISTS days_fine;

CREATE TABLE days_fine
(
    garage_id LowCardinality(String),
    day       Date,
    starts_at DateTime64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY (garage_id, starts_at)
SETTINGS index_granularity = 256;

INSERT INTO days_fine SELECT * FROM days;

EXCHANGE TABLES days AND days_fine;

DROP TABLE days_fine;
