-- The roles, each with the least it needs. For psql, by somebody who may create roles:
--
--   psql -f db/roles.sql                  -- the roles, before the first migration
--   SPRING_DATASOURCE_USERNAME=lapse_owner java -jar lapse.jar migrate
--   psql -f db/roles.sql                  -- their privileges, after this and every later migration
--
-- It can be run as often as you like, and grants exactly what stands here. Your own names go before:
-- psql -v service=approvals_expiry -v application=approvals -f db/roles.sql. A role that exists is
-- taken as it is. No role has a password: \password lapse_service gives it one.
--
--   owner        migrates. Where the approvals table was there before, its owner, or a member of it
--   service      what the service connects as
--   application  inserts and decides approvals, and writes events of its own
--   reader       looks: status, audit, db/queries
\set ON_ERROR_STOP on
\set QUIET on
\if :{?owner}
\else
\set owner lapse_owner
\endif
\if :{?service}
\else
\set service lapse_service
\endif
\if :{?application}
\else
\set application lapse_application
\endif
\if :{?reader}
\else
\set reader lapse_reader
\endif
-- Where Lapse's tables are.
\if :{?schema}
\else
\set schema public
\endif
-- Where Flyway's history is: the schema that spring.flyway.default-schema names, if it does.
\if :{?history}
\else
\set history :schema
\endif
-- Where the approvals are, and as what.
\if :{?approvals_schema}
\else
\set approvals_schema :schema
\endif
\if :{?approvals}
\else
\set approvals ai_approvals
\endif
-- Of the approvals, what the service and the reader may know, and what the service may change.
\if :{?approval_columns}
\else
\set approval_columns 'id, status, version, expires_at, executed_at'
\endif
\if :{?approval_changes}
\else
\set approval_changes 'status, version, executed_at'
\endif

BEGIN;
SET LOCAL client_min_messages = warning;
-- Whoever may grant has rights that nothing in a schema of others must run with.
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL lapse.owner = :'owner';
SET LOCAL lapse.service = :'service';
SET LOCAL lapse.application = :'application';
SET LOCAL lapse.reader = :'reader';
SET LOCAL lapse.schema = :'schema';
DO $$
DECLARE
    names CONSTANT text[] := ARRAY[
        current_setting('lapse.owner'), current_setting('lapse.service'),
        current_setting('lapse.application'), current_setting('lapse.reader')];
    role text;
BEGIN
    IF (SELECT count(DISTINCT name) FROM unnest(names) name) < 4 THEN
        RAISE EXCEPTION 'owner, service, application and reader must be four roles, not %', names
            USING HINT = 'What one role may do, all that share it may.';
    END IF;
    IF to_regnamespace(quote_ident(current_setting('lapse.schema'))) IS NULL THEN
        RAISE EXCEPTION 'there is no schema %', current_setting('lapse.schema')
            USING HINT = 'Create it first, or name another one: psql -v schema=NAME -f db/roles.sql';
    END IF;
    FOREACH role IN ARRAY names LOOP
        IF to_regrole(quote_ident(role)) IS NULL THEN
            EXECUTE format('CREATE ROLE %I LOGIN', role);
        END IF;
    END LOOP;
    -- To grant what belongs to the owner; of a superuser nothing is asked.
    IF NOT pg_has_role(current_user, names[1], 'USAGE') THEN
        EXECUTE format('GRANT %I TO %I', names[1], current_user);
    END IF;
    -- What anybody creates there could run with the rights of whoever uses Lapse's tables. To revoke
    -- it here might stop an application that lives by it, so that is for a person to decide.
    IF has_schema_privilege('public', current_setting('lapse.schema'), 'CREATE') THEN
        RAISE EXCEPTION 'every role may create objects in schema %', current_setting('lapse.schema')
            USING HINT = format('As databases from before PostgreSQL 15 let them. Grant CREATE to the'
                         ' roles that need it, then run: REVOKE CREATE ON SCHEMA %1$I FROM PUBLIC.'
                         ' Or give Lapse a schema of its own: psql -v schema=... -f db/roles.sql',
                         current_setting('lapse.schema'));
    END IF;
END $$;

GRANT USAGE, CREATE ON SCHEMA :"schema" TO :"owner";
GRANT USAGE ON SCHEMA :"schema" TO :"service", :"application", :"reader";
SELECT current_database() AS database,
       :'schema' <> 'public' AS elsewhere,
       to_regprocedure(format('%I.purge_outbox(bigint,interval,integer)', :'schema')) IS NOT NULL
           AS migrated,
       to_regclass(format('%I.lapse_schema_history', :'history')) IS NOT NULL AS recorded \gset
\if :elsewhere
-- Rather than by ?currentSchema=, which a pooler may refuse.
ALTER ROLE :"owner" IN DATABASE :"database" SET search_path = :"schema";
ALTER ROLE :"service" IN DATABASE :"database" SET search_path = :"schema";
ALTER ROLE :"reader" IN DATABASE :"database" SET search_path = :"schema";
\endif
\if :migrated
SET LOCAL search_path = :"schema";
REVOKE ALL ON outbox, outbox_identity, outbox_flush, relay_checkpoint, dead_letter, pause, replay, retention,
         last_error, restamp, extension, deadline_move, next_step, late_decision
    FROM PUBLIC, :"service", :"application", :"reader";

GRANT USAGE ON SCHEMA :"approvals_schema" TO :"service", :"application", :"reader";
-- What a sweep reads and changes; the rest of an approval is not the service's affair.
GRANT SELECT (:approval_columns), UPDATE (:approval_changes)
    ON :"approvals_schema".:"approvals" TO :"service";
-- It appends what it expired. It updates nothing, and deletes through purge_outbox, which lets go only
-- what is published and old.
GRANT SELECT, INSERT (type, key, payload, headers, occurred_at) ON outbox TO :"service";
GRANT SELECT ON SEQUENCE outbox_id_seq TO :"service", :"reader";
-- For sessions through a pooler, which the service cannot limit itself: no statement outlives its
-- client, which gives it up after a minute, nor waits for long with rows locked.
ALTER ROLE :"service" IN DATABASE :"database" SET statement_timeout = '45s';
ALTER ROLE :"service" IN DATABASE :"database" SET lock_timeout = '10s';
GRANT EXECUTE ON FUNCTION purge_outbox(bigint, interval, integer) TO :"service";
GRANT EXECUTE ON FUNCTION restamp_outbox(bigint, integer) TO :"service";
GRANT SELECT, INSERT, UPDATE ON relay_checkpoint, replay, last_error, extension TO :"service";
GRANT SELECT, INSERT, UPDATE, DELETE ON dead_letter, pause, next_step TO :"service";
-- lapse extend also needs to update the deadline, which is not granted here: let a person decide.
-- -v approval_changes='status, version, executed_at, expires_at' grants it.
GRANT SELECT, INSERT ON deadline_move TO :"service";
GRANT SELECT ON retention, outbox_identity, restamp TO :"service";
GRANT SELECT, UPDATE ON outbox_flush TO :"service";
GRANT SELECT, UPDATE (counted), DELETE ON late_decision TO :"service";

GRANT SELECT, INSERT, UPDATE ON :"approvals_schema".:"approvals" TO :"application";
-- Neither id nor xact_id, which tell what is published: those are the database's alone. Nor
-- occurred_at, by which retention goes.
GRANT INSERT (event_id, type, topic, key, payload, headers) ON outbox TO :"application";
-- What decide_approval does with the rights of its caller.
GRANT INSERT (approval, actor, wanted, status, late) ON late_decision TO :"application";
GRANT SELECT (part, resumed_at) ON pause TO :"application";

GRANT SELECT (:approval_columns) ON :"approvals_schema".:"approvals" TO :"reader";
GRANT SELECT ON outbox, outbox_identity, outbox_flush, relay_checkpoint, dead_letter, pause, replay, retention,
         last_error, restamp, extension, deadline_move, next_step, late_decision
    TO :"reader";
\else
\echo Nothing is migrated yet: migrate as the owner, then run this again for the privileges.
\endif
\if :recorded
-- So that the service can see whether it is up to date.
GRANT USAGE ON SCHEMA :"history" TO :"service", :"reader";
GRANT SELECT ON :"history".lapse_schema_history TO :"service", :"reader";
\endif
COMMIT;
