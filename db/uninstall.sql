-- Takes Lapse away again: its triggers and its index on the approvals table, its functions, its
-- tables and its history. Unpublished events are lost with them. The approvals table and its rows
-- stay, also one that Lapse created. For psql, by the owner, once no instance runs:
--
--   psql -f db/uninstall.sql
--   psql -v schema=lapse -v approvals_schema=public -v approvals=ai_approvals -f db/uninstall.sql
--
-- The index goes if it has the name that Lapse gives it. One of your own, under another name, stays.
\set ON_ERROR_STOP on
-- Where Lapse's tables are.
\if :{?schema}
\else
\set schema public
\endif
-- Where Flyway's history is.
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
\if :{?due_index}
\else
\set due_index :approvals _due
\endif
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '3s';
DROP TRIGGER IF EXISTS ai_approvals_final ON :"approvals_schema".:"approvals";
DROP TRIGGER IF EXISTS ai_approvals_not_due ON :"approvals_schema".:"approvals";
-- What db/optional created, where a setting asked for it.
DROP TRIGGER IF EXISTS lapse_moves ON :"approvals_schema".:"approvals";
DROP TRIGGER IF EXISTS lapse_step_1_removed ON :"approvals_schema".:"approvals";
DROP TRIGGER IF EXISTS lapse_step_2_decided ON :"approvals_schema".:"approvals";
DROP TRIGGER IF EXISTS lapse_step_3_moved ON :"approvals_schema".:"approvals";
DROP TRIGGER IF EXISTS lapse_step_4_requested ON :"approvals_schema".:"approvals";
DROP FUNCTION IF EXISTS :"schema".lapse_record_move();
DROP FUNCTION IF EXISTS :"schema".lapse_arm_step();
DROP FUNCTION IF EXISTS :"schema".lapse_disarm_step();
DROP TRIGGER IF EXISTS lapse_expired ON :"approvals_schema".:"approvals";
DROP TRIGGER IF EXISTS lapse_decided ON :"approvals_schema".:"approvals";
DROP TRIGGER IF EXISTS lapse_requested ON :"approvals_schema".:"approvals";
DROP INDEX IF EXISTS :"approvals_schema".:"due_index";
DROP FUNCTION IF EXISTS :"schema".refuse_approval_transition();
DROP FUNCTION IF EXISTS :"schema".refuse_early_expiry();
SELECT obj_description(to_regprocedure(format('%I.decide_approval(text,text,text)', :'schema')),
                       'pg_proc') IS NOT DISTINCT FROM 'Lapse' AS decides \gset
\if :decides
DROP FUNCTION :"schema".decide_approval(text, text, text);
\endif
DROP FUNCTION IF EXISTS :"schema".lapse_record_expiry();
DROP FUNCTION IF EXISTS :"schema".lapse_record_decision();
DROP FUNCTION IF EXISTS :"schema".lapse_record_request();
DROP FUNCTION IF EXISTS :"schema".purge_outbox(bigint, interval, integer);
DROP FUNCTION IF EXISTS :"schema".restamp_outbox(bigint, integer);
DROP TABLE IF EXISTS
    :"schema".late_decision, :"schema".next_step, :"schema".deadline_move, :"schema".extension,
    :"schema".last_error, :"schema".retention, :"schema".pause, :"schema".replay,
    :"schema".dead_letter, :"schema".relay_checkpoint, :"schema".outbox_identity,
    :"schema".outbox_flush, :"schema".restamp, :"schema".outbox;
DROP TABLE IF EXISTS :"history".lapse_schema_history;
COMMIT;
