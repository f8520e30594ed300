-- +goose NO TRANSACTION
-- +goose Up

-- The first tables each hold the records of one topic, identified by event_id: a
-- record that is inserted again replaces itself, so every read must deduplicate
-- (FINAL). There is no PARTITION BY: an insert is atomic only within a partition.
-- data is the record as JSON with its personal data opened; the other columns
-- are what is filtered and aggregated. logged_at is Kafka's timestamp.

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
ORDER BY (garage_id, aggregate_id, event_id)
SETTINGS index_granularity = 1024;

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
ORDER BY (garage_id, aggregate_id, event_id)
SETTINGS index_granularity = 1024;

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
    amount            Int64 COMMENT 'minor units: agreed, asked, approved or to pay',
    currency          LowCardinality(String),
    decision          LowCardinality(String),
    method            LowCardinality(String),
    message_kind      LowCardinality(String),
    text              String CODEC(ZSTD(3)),
    INDEX by_repair aggregate_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree
ORDER BY (garage_id, aggregate_id, sequence, event_id)
SETTINGS index_granularity = 1024;

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
ORDER BY (garage_id, aggregate_id, event_id)
SETTINGS index_granularity = 1024;

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
ORDER BY (garage_id, aggregate_id, event_id)
SETTINGS index_granularity = 1024;

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

-- What the lists need of each repair, gathered from its events and call tasks by
-- the views below. Every column is a maximum or a set, so that rows that come
-- twice, or in any order, change nothing; never put a sum here. A tuple's maximum
-- is its newest value: it begins with the sequence. What the lists are filtered by
-- stands in numbers, which compare fast. A page of a list reads a few rows at many
-- places: hence the granularity.
CREATE TABLE IF NOT EXISTS repairs
(
    garage_id     LowCardinality(String),
    aggregate_id  String,
    sequence      SimpleAggregateFunction(max, Int64),
    started_at    SimpleAggregateFunction(max, DateTime64(6, 'UTC')),
    last_at       SimpleAggregateFunction(max, DateTime64(6, 'UTC')),
    external_ref  SimpleAggregateFunction(max, String),
    plate         SimpleAggregateFunction(max, String),
    country       SimpleAggregateFunction(max, String),
    vehicle       SimpleAggregateFunction(max, String),
    last_state    SimpleAggregateFunction(max, Tuple(sequence Int64, value String)),
    last_mechanic SimpleAggregateFunction(max, Tuple(sequence Int64, value String)),
    last_customer SimpleAggregateFunction(max, Tuple(sequence Int64, id String, name String, email String, phone String, language String)),
    last_quote    SimpleAggregateFunction(max, Tuple(sequence Int64, revision Int32, amount Int64, currency String, requested_at DateTime64(6, 'UTC'))),
    last_message  SimpleAggregateFunction(max, Tuple(sequence Int64, kind String, text String)),
    asked         SimpleAggregateFunction(groupUniqArrayArray, Array(Tuple(sequence Int64, at DateTime64(6, 'UTC')))) COMMENT 'messages of the customer',
    called_at     SimpleAggregateFunction(max, DateTime64(6, 'UTC')) COMMENT 'of the last call task',
    called_on     SimpleAggregateFunction(max, Int64) COMMENT 'the last sequence that a call task rests on',
    requested     SimpleAggregateFunction(max, Int64) COMMENT 'sequence of the last request for approval',
    settled       SimpleAggregateFunction(max, Int64) COMMENT 'sequence of the last decision, expiry or withdrawal',
    last_asked    SimpleAggregateFunction(max, Int64) COMMENT 'sequence of the last message of the customer',
    answered      SimpleAggregateFunction(max, Int64) COMMENT 'sequence of the last text by staff',
    spoken_at     SimpleAggregateFunction(max, DateTime64(6, 'UTC')) COMMENT 'last text by staff, or decision given to staff',
    ended         SimpleAggregateFunction(max, Int64) COMMENT 'sequence of completion, collection or cancellation',
    closed        SimpleAggregateFunction(groupUniqArrayArray, Array(Tuple(revision Int32, sequence Int64))) COMMENT 'decided, expired, withdrawn or replaced revisions',
    calls         SimpleAggregateFunction(groupUniqArrayArray, Array(Tuple(at DateTime64(6, 'UTC'), rests_on Int64, revision Int32, reason String)))
)
ENGINE = AggregatingMergeTree
ORDER BY (garage_id, aggregate_id)
SETTINGS index_granularity = 128;

CREATE MATERIALIZED VIEW IF NOT EXISTS repairs_of_events TO repairs AS
SELECT
    garage_id,
    aggregate_id,
    sequence,
    if(kind = 'RepairStarted', occurred_at, toDateTime64(0, 6, 'UTC')) AS started_at,
    occurred_at AS last_at,
    external_ref,
    plate,
    country,
    vehicle,
    if(state = '', (0, ''), (sequence, state)) AS last_state,
    if(actor_role = 'mechanic', (sequence, actor_id), (0, '')) AS last_mechanic,
    if(customer_name = '', (0, '', '', '', '', ''),
        (sequence, customer_id, customer_name, customer_email, customer_phone, customer_language)) AS last_customer,
    if(kind = 'ApprovalRequested', (sequence, revision, amount, currency, occurred_at),
        (0, 0, 0, '', toDateTime64(0, 6, 'UTC'))) AS last_quote,
    if(kind = 'MessagePosted', (sequence, message_kind, text), (0, '', '')) AS last_message,
    if(kind = 'ApprovalRequested', sequence, 0) AS requested,
    if(kind IN ('QuoteDecided', 'QuoteExpired', 'QuoteWithdrawn'), sequence, 0) AS settled,
    if(kind = 'MessagePosted' AND side = 'customer', [(sequence, occurred_at)], []) AS asked,
    if(kind = 'MessagePosted' AND side = 'customer', sequence, 0) AS last_asked,
    if(kind = 'MessagePosted' AND side = 'staff' AND message_kind = 'text', sequence, 0) AS answered,
    if((kind = 'MessagePosted' AND side = 'staff' AND message_kind = 'text') OR method IN ('phone', 'counter'),
        occurred_at, toDateTime64(0, 6, 'UTC')) AS spoken_at,
    if(state IN ('completed', 'collected', 'cancelled'), sequence, 0) AS ended,
    multiIf(kind IN ('QuoteDecided', 'QuoteExpired', 'QuoteWithdrawn'), [(revision, sequence)],
        replaces != 0, [(replaces, sequence)], []) AS closed
FROM events;

CREATE MATERIALIZED VIEW IF NOT EXISTS repairs_of_notifications TO repairs AS
SELECT garage_id, aggregate_id, occurred_at AS called_at, rests_on AS called_on,
    [(occurred_at, rests_on, revision, reason)] AS calls
FROM notifications
WHERE kind = 'CallTask';

-- Each repair as it stands, and who waits for whom: the one place for these rules.
--
-- * A message of the customer needs a reply until a text by staff (a note is
--   none), or until the repair is completed, collected or cancelled. One that
--   comes after that needs a reply too.
-- * A quote waits while the repair awaits approval.
-- * A call task stands until its revision is decided, expired, withdrawn or
--   replaced, until staff writes to the customer or takes a decision by phone or
--   at the counter, or until the repair is completed, collected or cancelled.
-- * A repair waits for the customer while a quote is open; for the mechanic while
--   work is in progress or a message needs a reply; else for nobody.
CREATE VIEW IF NOT EXISTS conversations AS
WITH
    arrayFilter(m -> m.sequence > greatest(answered, ended), asked) AS unanswered,
    arrayFilter(c -> c.at >= spoken_at AND c.rests_on >= ended
        AND NOT arrayExists(q -> q.revision = c.revision AND q.sequence > c.rests_on, closed), calls) AS standing
SELECT
    garage_id,
    aggregate_id AS repair_id,
    sequence,
    started_at,
    last_at,
    external_ref,
    plate,
    country,
    vehicle,
    last_state.value AS state,
    last_mechanic.value AS mechanic,
    last_customer.id AS customer_id,
    last_customer.name AS customer_name,
    last_customer.email AS customer_email,
    last_customer.phone AS customer_phone,
    last_customer.language AS customer_language,
    last_message.kind AS message_kind,
    last_message.text AS message,
    toBool(last_asked > greatest(answered, ended)) AS needs_reply,
    toBool(requested > greatest(settled, ended)) AS waiting,
    toBool(notEmpty(standing)) AS call,
    toBool(called_at >= spoken_at AND called_on >= ended AND called_at > toDateTime64(0, 6, 'UTC')) AS may_call, -- cheap, and true whenever call is
    if(needs_reply, arrayMin(m -> m.at, unanswered), NULL) AS needs_reply_since,
    if(waiting, last_quote.requested_at, NULL) AS waiting_since,
    if(call, arrayMin(c -> c.at, standing), NULL) AS call_since,
    if(call, arraySort(standing)[1].reason, '') AS call_reason,
    if(waiting, last_quote.amount, 0) AS amount,
    if(waiting, last_quote.currency, '') AS currency,
    multiIf(waiting, 'customer', last_state.value = 'in_progress' OR needs_reply, 'mechanic', 'nobody') AS waiting_for
FROM
(
    -- By GROUP BY, which for a few repairs of many costs a third of FINAL.
    SELECT
        garage_id,
        aggregate_id,
        max(sequence) AS sequence,
        max(started_at) AS started_at,
        max(last_at) AS last_at,
        max(external_ref) AS external_ref,
        max(plate) AS plate,
        max(country) AS country,
        max(vehicle) AS vehicle,
        max(last_state) AS last_state,
        max(last_mechanic) AS last_mechanic,
        max(last_customer) AS last_customer,
        max(last_quote) AS last_quote,
        max(last_message) AS last_message,
        max(called_at) AS called_at,
        max(called_on) AS called_on,
        max(requested) AS requested,
        max(settled) AS settled,
        groupUniqArrayArray(asked) AS asked,
        max(last_asked) AS last_asked,
        max(answered) AS answered,
        max(spoken_at) AS spoken_at,
        max(ended) AS ended,
        groupUniqArrayArray(closed) AS closed,
        groupUniqArrayArray(calls) AS calls
    FROM repairs
    GROUP BY garage_id, aggregate_id
)
WHERE sequence > 0;

-- What the garage file says, rewritten by every migration.
CREATE TABLE IF NOT EXISTS garages
(
    garage_id          String,
    name               String,
    time_zone          String,
    language           String,
    currency           String,
    answer_within      Int64 COMMENT 'target, in seconds of opening time',
    call_after         Int64 COMMENT 'seconds of opening time'
)
ENGINE = MergeTree
ORDER BY garage_id;

-- The days of each garage's time zone, from their start to the next one's.
CREATE TABLE IF NOT EXISTS days
(
    garage_id LowCardinality(String),
    day       Date,
    starts_at DateTime64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY (garage_id, starts_at);

-- The opening intervals of each garage. The opening time between two instants is
-- C(b) - C(a), with C(t) = before + (least(t, ends_at) - starts_at) of the last
-- interval that starts at or before t: an ASOF JOIN.
CREATE TABLE IF NOT EXISTS calendar
(
    garage_id     LowCardinality(String),
    starts_at     DateTime64(6, 'UTC'),
    ends_at       DateTime64(6, 'UTC'),
    before_micros Int64 COMMENT 'opening time before starts_at'
)
ENGINE = MergeTree
ORDER BY (garage_id, starts_at);

-- Each measured wait as it is known at last. It is open, or counted in the
-- figures when it ended in what its measure is about, or else neither: the quote
-- was withdrawn, the mail never accepted, the repair cancelled.
CREATE VIEW IF NOT EXISTS waits AS
SELECT
    garage_id,
    measure,
    latency_id,
    aggregate_id AS repair_id,
    started_at,
    ended_at,
    outcome,
    wall_micros / 1e6 AS wall_seconds,
    opening_micros / 1e6 AS opening_seconds,
    mechanic,
    revision,
    about,
    channel,
    amount,
    currency,
    CAST(outcome = '', 'Bool') AS open,
    CAST(multiIf(
        measure = 'delivery', outcome = 'accepted',
        measure = 'view', outcome = 'viewed',
        measure = 'response', outcome IN ('decided', 'message'),
        measure = 'approval', outcome IN ('approved', 'partly_approved', 'rejected', 'expired'),
        measure = 'staff_response', outcome = 'replied',
        measure = 'resume', outcome = 'resumed',
        measure = 'turnaround', outcome = 'completed',
        outcome != ''), 'Bool') AS counted
FROM latencies FINAL
WHERE outcome != 'void';
