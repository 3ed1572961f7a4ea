-- An event that Kafka refuses, behind which the events of its key wait: their consumers hear nothing.
--
-- Mend what the reason says (the topic's max.message.bytes, a topic for the type), and then:
-- lapse dead-letters requeue. Where requeued_at is set, somebody has, and the relay is about to try.
--
-- Costs as many rows as there are letters, lapse.relay.max-dead-letters at the most.
SELECT id AS outbox_id, relay, type, reason, refused_at, requeued_at
FROM dead_letter
ORDER BY id
LIMIT 101;
