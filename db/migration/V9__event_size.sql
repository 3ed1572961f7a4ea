-- 64 KiB, key and headers included, are what every intermediary forwards that keeps to CloudEvents;
-- one of them for the headers of the relay's own. Where yours take more, drop this constraint: what
-- the other limits of the table allow fits into Kafka's default message.max.bytes.
--
-- Not validated: rows from before stay, and nobody waits for a walk over them.
ALTER TABLE outbox ADD CONSTRAINT outbox_size CHECK (size + 2 * octet_length(key) <= 63 * 1024)
    NOT VALID;
