-- What retention has purged, so that an audit can tell it from what somebody else deleted. No rule
-- over what is left can: records that wait behind a dead letter stay, however old, and far above
-- them all may be gone.
CREATE TABLE retention (
    -- One row. Who purges holds it locked, which only the owner can: an advisory lock would be
    -- anybody's to take, and to keep.
    one                boolean     PRIMARY KEY DEFAULT true CHECK (one),
    -- The highest id purged, and the latest occurred_at; NULL before anything was. What is above
    -- either was not purged.
    purged_id          bigint,
    purged_occurred_at timestamptz,
    CONSTRAINT retention_purged CHECK ((purged_id IS NULL) = (purged_occurred_at IS NULL))
) WITH (fillfactor = 50);

-- Before this, nobody noted it: what is published by now may have been purged.
INSERT INTO retention (purged_id, purged_occurred_at)
SELECT min(published_id), CASE WHEN count(*) > 0 THEN now() END FROM relay_checkpoint;

-- Retention, for a role that may not delete from the outbox: which rows may go is decided here, by
-- the owner of the table, and not by who calls; and what went is noted in the same statement.
--
-- Looks at the next rows in id order and deletes what is older than the period, published for all
-- relays by their checkpoints (which lag behind what is published), and of no key that waits behind
-- a dead letter. Keeps the row of each checkpoint's own id, by which a relay recognises its database.
-- Waits for nobody. Where no relay has ever left a checkpoint, it deletes nothing.
--
-- It runs as the owner, so nothing that others may create is on its search path: functions,
-- operators and types are those of pg_catalog, and tables are named with their schema. pg_temp
-- stands last, or it would come first.
DO $migration$ BEGIN
    EXECUTE pg_catalog.format($function$
        CREATE FUNCTION %1$I.purge_outbox(
            -- Where the batch before ended, 0 to begin; and rows to look at, 10,000 at most.
            after_id bigint, period interval, batch integer,
            OUT purged bigint, OUT last_id bigint,
            -- A full batch whose last row is old: the next may be, too.
            OUT more boolean,
            -- Nothing was looked at, since another session purges at this moment.
            OUT busy boolean)
            LANGUAGE sql
            SECURITY DEFINER
            SET search_path = pg_catalog, pg_temp
        AS $body$
            WITH alone AS MATERIALIZED (
                -- One instance at a time is enough; it ends with the transaction.
                SELECT one FROM %1$I.retention FOR UPDATE SKIP LOCKED
            ),
            bound AS MATERIALIZED (
                -- A minute at least, whatever is asked for: what has just been published may be
                -- asked for again by a relay that lost its position.
                SELECT now() - greatest(period, interval '1 minute') AS oldest,
                       least(greatest(batch, 1), 10000) AS rows
            ),
            looked AS MATERIALIZED (
                SELECT id, xact_id, key, occurred_at FROM %1$I.outbox
                WHERE id > after_id
                  AND id < (SELECT min(published_id) FROM %1$I.relay_checkpoint)
                  AND EXISTS (SELECT FROM alone)
                ORDER BY id
                LIMIT (SELECT rows FROM bound)
            ),
            waiting AS MATERIALIZED (
                SELECT letter ->> 'key' AS key
                FROM %1$I.relay_checkpoint, jsonb_array_elements(dead_letters) letter
            ),
            deleted AS (
                DELETE FROM %1$I.outbox
                WHERE id = ANY (ARRAY(
                    SELECT id FROM looked
                    WHERE occurred_at < (SELECT oldest FROM bound)
                      -- A straggler below the position, of which it is not known that it is
                      -- published.
                      AND NOT EXISTS (
                          SELECT FROM %1$I.relay_checkpoint checkpoint
                          WHERE NOT pg_visible_in_snapshot(looked.xact_id, checkpoint.snapshot))
                      AND key NOT IN (SELECT key FROM waiting)))
                RETURNING id, occurred_at
            ),
            noted AS (
                UPDATE %1$I.retention
                SET purged_id = greatest(purged_id, gone.last_id),
                    purged_occurred_at = greatest(purged_occurred_at, gone.latest)
                FROM (SELECT max(id) AS last_id, max(occurred_at) AS latest
                      FROM deleted HAVING count(*) > 0) gone
            )
            SELECT (SELECT count(*) FROM deleted),
                   coalesce((SELECT max(id) FROM looked), after_id),
                   (SELECT count(*) FROM looked) = (SELECT rows FROM bound)
                       AND (SELECT occurred_at < (SELECT oldest FROM bound)
                            FROM looked ORDER BY id DESC LIMIT 1),
                   NOT EXISTS (SELECT FROM alone);
        $body$
    $function$, pg_catalog.current_schema());
END $migration$;
REVOKE ALL ON FUNCTION purge_outbox(bigint, interval, integer) FROM PUBLIC;
