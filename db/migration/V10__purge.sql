-- What retention has purged, so that an audit can tell it from what somebody else deleted. No rule
-- over what is left can: records that wait behind a dead letter stay, however old, and far above
-- them all may be gone.
CREATE TABLE retention (
    -- One row, and none before anything was purged.
    one                boolean     PRIMARY KEY DEFAULT true CHECK (one),
    -- The highest id purged, and the latest occurred_at. What is above either was not purged.
    purged_id          bigint      NOT NULL,
    purged_occurred_at timestamptz NOT NULL
) WITH (fillfactor = 50);

-- Before this, nobody noted it: what is published by now may have been purged.
INSERT INTO retention (purged_id, purged_occurred_at)
SELECT min(published_id), now() FROM relay_checkpoint HAVING count(*) > 0;

-- Retention, for a role that may not delete from the outbox: which rows may go is decided here, by
-- the owner of the table, and not by who calls; and what went is noted in the same statement.
--
-- Looks at the next rows in id order and deletes what is older than the period, published for all
-- relays by their checkpoints (which lag behind what is published), and of no key that waits behind
-- a dead letter. Keeps the row of each checkpoint's own id, by which a relay recognises its database.
-- Waits for nobody. Where no relay has ever left a checkpoint, it deletes nothing.
CREATE FUNCTION purge_outbox(
    -- Where the batch before ended, 0 to begin; and rows to look at, 10,000 at the most.
    after_id bigint, period interval, batch integer,
    OUT purged bigint, OUT last_id bigint,
    -- A full batch whose last row is old: the next may be, too.
    OUT more boolean)
    LANGUAGE sql
    SECURITY DEFINER
AS $$
    WITH alone AS MATERIALIZED (
        -- One instance at a time is enough; it ends with the transaction.
        SELECT pg_try_advisory_xact_lock(hashtext('lapse.retention')) AS granted
    ),
    bound AS MATERIALIZED (
        -- A minute at the least, whatever is asked for: what has just been published may be asked for
        -- again by a relay that lost its position.
        SELECT now() - greatest(period, interval '1 minute') AS oldest,
               least(greatest(batch, 1), 10000) AS rows
    ),
    looked AS MATERIALIZED (
        SELECT id, xact_id, key, occurred_at FROM outbox
        WHERE id > after_id
          AND id < (SELECT min(published_id) FROM relay_checkpoint)
          AND (SELECT granted FROM alone)
        ORDER BY id
        LIMIT (SELECT rows FROM bound)
    ),
    waiting AS MATERIALIZED (
        SELECT letter ->> 'key' AS key
        FROM relay_checkpoint, jsonb_array_elements(dead_letters) letter
    ),
    deleted AS (
        DELETE FROM outbox
        WHERE id = ANY (ARRAY(
            SELECT id FROM looked
            WHERE occurred_at < (SELECT oldest FROM bound)
              -- A straggler below the position, of which it is not known that it is published.
              AND NOT EXISTS (
                  SELECT FROM relay_checkpoint
                  WHERE NOT pg_visible_in_snapshot(looked.xact_id, relay_checkpoint.snapshot))
              AND key NOT IN (SELECT key FROM waiting)))
        RETURNING id, occurred_at
    ),
    noted AS (
        INSERT INTO retention AS before (purged_id, purged_occurred_at)
        SELECT max(id), max(occurred_at) FROM deleted HAVING count(*) > 0
        ON CONFLICT (one) DO UPDATE SET
            purged_id = greatest(before.purged_id, excluded.purged_id),
            purged_occurred_at = greatest(before.purged_occurred_at, excluded.purged_occurred_at)
    )
    SELECT (SELECT count(*) FROM deleted),
           coalesce((SELECT max(id) FROM looked), after_id),
           (SELECT count(*) FROM looked) = (SELECT rows FROM bound)
               AND (SELECT occurred_at < (SELECT oldest FROM bound)
                    FROM looked ORDER BY id DESC LIMIT 1);
$$;
DO $$ BEGIN
    -- The search path of a SECURITY DEFINER function must not be its caller's.
    EXECUTE format('ALTER FUNCTION purge_outbox(bigint, interval, integer) SET search_path = %I, pg_temp',
        current_schema());
END $$;
REVOKE ALL ON FUNCTION purge_outbox(bigint, interval, integer) FROM PUBLIC;
