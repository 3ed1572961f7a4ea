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
       lsn AS read_at_lsn,
       log_end,
       written_at
FROM relay_checkpoint
CROSS JOIN LATERAL (
  SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('outbox', 'id')::regclass), 0)
           AS last_id,
         CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
              ELSE pg_current_wal_insert_lsn() END AS log_end,
         (SELECT system_identifier FROM pg_control_system()) AS cluster
) database
WHERE published_id > last_id
   -- Places in the logs of two clusters cannot be compared: a restored dump is no loss.
   OR (lsn > log_end AND relay_checkpoint.system_identifier = cluster)
ORDER BY relay
LIMIT 101;
