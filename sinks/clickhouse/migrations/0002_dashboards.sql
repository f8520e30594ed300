-- +goose NO TRANSACTION
-- +goose Up

-- What dashboards need of each repair beside what the lists do: what was promised
-- first, who decides about quotes, and what became of each.
--
-- Rows from before are read from data, and then gathered once more: what is there
-- already changes nothing.

ALTER TABLE events
    ADD COLUMN IF NOT EXISTS ready_at DateTime64(6, 'UTC')
        DEFAULT parseDateTime64BestEffortOrZero(JSONExtractString(data, 'ready_at'), 6, 'UTC')
        COMMENT 'promised from now on; 1970: nothing was said',
    ADD COLUMN IF NOT EXISTS reason LowCardinality(String)
        DEFAULT arrayFirst(r -> r != '', arrayMap(a -> JSONExtractString(a, 'reason'), JSONExtractArrayRaw(data, 'answers')))
        COMMENT 'of a decision: the first reason given for a rejected line',
    ADD COLUMN IF NOT EXISTS approver_name String
        DEFAULT JSONExtractString(data, multiIf(kind = 'RepairStarted', 'approver',
            JSONExtractString(data, 'party') = 'approver', 'contact', ''), 'name')
        COMMENT 'who decides about quotes; empty: the customer',
    ADD COLUMN IF NOT EXISTS approver_phone String
        DEFAULT JSONExtractString(data, multiIf(kind = 'RepairStarted', 'approver',
            JSONExtractString(data, 'party') = 'approver', 'contact', ''), 'phone');

ALTER TABLE repairs
    ADD COLUMN IF NOT EXISTS promises SimpleAggregateFunction(groupUniqArrayArray, Array(Tuple(sequence Int64, at DateTime64(6, 'UTC')))),
    ADD COLUMN IF NOT EXISTS last_approver SimpleAggregateFunction(max, Tuple(sequence Int64, name String, phone String)),
    ADD COLUMN IF NOT EXISTS decisions SimpleAggregateFunction(groupUniqArrayArray, Array(Tuple(revision Int32, decision String, approved Int64, reason String)));

ALTER TABLE repairs_of_events MODIFY QUERY
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
        replaces != 0, [(replaces, sequence)], []) AS closed,
    if(ready_at > toDateTime64(0, 6, 'UTC'), [(sequence, ready_at)], []) AS promises,
    if(approver_name = '', (0, '', ''), (sequence, approver_name, approver_phone)) AS last_approver,
    if(kind = 'QuoteDecided', [(revision, decision, amount, reason)], []) AS decisions
FROM events;

INSERT INTO repairs (garage_id, aggregate_id, promises, last_approver, decisions)
SELECT
    garage_id,
    aggregate_id,
    if(ready_at > toDateTime64(0, 6, 'UTC'), [(sequence, ready_at)], []) AS promises,
    if(approver_name = '', (0, '', ''), (sequence, approver_name, approver_phone)) AS last_approver,
    if(kind = 'QuoteDecided', [(revision, decision, amount, reason)], []) AS decisions
FROM events
WHERE kind IN ('RepairStarted', 'ReadyTimeChanged', 'ContactCorrected', 'QuoteDecided');

-- Each repair as it stands, and who waits for whom: the one place for these rules,
-- as in 0001, with what is gathered since.
CREATE OR REPLACE VIEW conversations AS
WITH
    arraySort(promises) AS promised,
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
    if(last_approver.name = '', last_customer.name, last_approver.name) AS approver_name, -- of who decides about quotes
    if(last_approver.name = '', last_customer.phone, last_approver.phone) AS approver_phone,
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
    if(waiting, last_quote.revision, 0) AS revision,
    if(notEmpty(promised), promised[1].at, NULL) AS promised_at, -- the first promise
    decisions,
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
        groupUniqArrayArray(promises) AS promises,
        max(last_approver) AS last_approver,
        groupUniqArrayArray(decisions) AS decisions,
        groupUniqArrayArray(calls) AS calls
    FROM repairs
    GROUP BY garage_id, aggregate_id
)
WHERE sequence > 0;
