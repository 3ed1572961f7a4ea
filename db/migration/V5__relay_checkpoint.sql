-- Which outbox this is. The id travels with a dump, a copy of the files, a standby and a rename; an
-- outbox that was created by its own migration has another. A relay keeps it beside its position in
-- Kafka, so that two databases or schemas never share one position unnoticed.
--
-- Never update this row. It stores the id of the transaction that wrote it, which PostgreSQL also
-- keeps with the row, as xmin. A copy of the files keeps both. After a dump, or through logical
-- replication, they differ: the transaction ids in the outbox then mean nothing in this cluster.
CREATE TABLE outbox_identity (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    id      uuid    NOT NULL DEFAULT gen_random_uuid(),
    xact_id xid8    NOT NULL DEFAULT pg_current_xact_id()
);
INSERT INTO outbox_identity DEFAULT VALUES;

-- One row, which the relay updates where it may not use the functions of the WAL, so that a commit
-- flushes all that was written before it.
CREATE TABLE outbox_flush (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    flushes bigint  NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
INSERT INTO outbox_flush DEFAULT VALUES;

-- What the relay has published, for people and SQL to see, and a lower bound to go on from when
-- Kafka's position is lost or the database is not the one it was. Written from time to time; the
-- position that counts is the one in Kafka, committed together with the events.
--
-- Published are exactly the rows of outbox with id <= published_id that are visible in snapshot;
-- and, while catching up, those with id <= catch_up_id that catch_up_snapshot sees as well.
CREATE TABLE relay_checkpoint (
    relay             text        PRIMARY KEY,
    published_id      bigint      NOT NULL CHECK (published_id >= 0),
    snapshot          pg_snapshot NOT NULL,
    catch_up_snapshot pg_snapshot,
    catch_up_id       bigint,
    -- Where the page that ends at this position was read. From the WAL, or where its functions do
    -- not serve: a hash of outbox_identity, one of the server's start, the next transaction id.
    system_identifier bigint      NOT NULL,
    timeline          integer     NOT NULL,
    lsn               pg_lsn      NOT NULL,
    -- Where the log of the database stood when this row was written: a database that holds this
    -- row holds everything up to here.
    written_lsn       pg_lsn      NOT NULL,
    written_at        timestamptz NOT NULL DEFAULT now(),
    -- The outbox_identity of the database that wrote this row. Where rows alone were restored it is
    -- the predecessor's.
    outbox            uuid,
    CHECK ((catch_up_snapshot IS NULL) = (catch_up_id IS NULL))
) WITH (fillfactor = 50);
