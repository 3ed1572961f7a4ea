-- An event cannot be published. Later events of its key are blocked, and their consumers get none.
--
-- Fix the reason, such as the topic's max.message.bytes or a topic for the event type. Then run:
-- lapse dead-letters requeue. If requeued_at is set, the relay is about to retry it.
--
-- Costs one row per dead letter, at most lapse.relay.max-dead-letters.
SELECT id AS outbox_id, relay, type, reason, refused_at, requeued_at
FROM dead_letter
ORDER BY id
LIMIT 101;
