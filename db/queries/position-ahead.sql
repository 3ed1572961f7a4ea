-- The checkpoint of a relay is ahead of this database. The database lost its latest transactions (a
-- failover to a replica that lagged, a restore from files), or its ids were reset.
--
-- A running relay detects this, resumes from an earlier position, logs it, and writes a new
-- checkpoint within seconds. So a row that stays means that no relay runs: start one. Do not correct
-- the table by hand. To find events that consumers have and this database lost:
-- lapse audit --against-kafka
--
-- Costs one row per relay.
SELECT relay,
       published_id,
       last_id AS last_outbox_id,
       snapshot AS read_with_snapshot,
       next_transaction,
       written_at
FROM relay_checkpoint
CROSS JOIN LATERAL (
  SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('outbox', 'id')::regclass), 0)
           AS last_id,
         pg_snapshot_xmax(pg_current_snapshot()) AS next_transaction,
         -- Both 32 bits of the same transaction id, unless a dump was restored: see V5.
         (SELECT (xact_id::text::numeric % 4294967296)::text = xmin::text
          FROM outbox_identity) AS same_cluster
) database
WHERE published_id > last_id
   -- Transaction ids of two clusters cannot be compared: a restored dump is no loss.
   OR (pg_snapshot_xmax(snapshot) > next_transaction AND same_cluster)
ORDER BY relay
LIMIT 101;
