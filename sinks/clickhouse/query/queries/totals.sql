-- How many commands, events and accepted mails there are.
SELECT
    (SELECT uniqExact(event_id) FROM commands),
    (SELECT uniqExact(event_id) FROM events),
    (SELECT uniqExact(event_id) FROM deliveries WHERE kind = 'DeliveryAccepted')
