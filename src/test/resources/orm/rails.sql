-- As Rails' structure.sql has it: an enum of Active Record is an integer, lock_version is its
-- optimistic lock, and its times are UTC without saying so. Without a time of execution.
--
--   enum :status, { pending: 0, approved: 1, rejected: 2, expired: 3 }

-- settings
-- lapse.approvals.columns.version=lock_version
-- lapse.approvals.columns.executed-at=
-- lapse.approvals.zone=UTC
-- lapse.approvals.statuses.pending=0
-- lapse.approvals.statuses.expired=3
-- lapse.approvals.statuses.approved=1
-- lapse.approvals.statuses.rejected=2

-- schema
CREATE TABLE public.ai_approvals (
    id bigint NOT NULL,
    tool character varying NOT NULL,
    status integer DEFAULT 0 NOT NULL,
    expires_at timestamp(6) without time zone NOT NULL,
    lock_version integer DEFAULT 0 NOT NULL,
    created_at timestamp(6) without time zone NOT NULL,
    updated_at timestamp(6) without time zone NOT NULL
);
CREATE SEQUENCE public.ai_approvals_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.ai_approvals_id_seq OWNED BY public.ai_approvals.id;
ALTER TABLE ONLY public.ai_approvals ALTER COLUMN id SET DEFAULT nextval('public.ai_approvals_id_seq'::regclass);
ALTER TABLE ONLY public.ai_approvals
    ADD CONSTRAINT ai_approvals_pkey PRIMARY KEY (id);
CREATE INDEX index_ai_approvals_on_status ON public.ai_approvals USING btree (status);

-- insert
INSERT INTO ai_approvals (tool, expires_at, created_at, updated_at)
SELECT 'shell', timezone('UTC', now()) + interval ':interval', timezone('UTC', now()), timezone('UTC', now())
FROM generate_series(1, :count);

-- approve
UPDATE ai_approvals SET status = 1, lock_version = lock_version + 1
WHERE id = (SELECT id FROM ai_approvals WHERE status = 0 ORDER BY expires_at DESC LIMIT 1)
  AND status = 0 AND expires_at > timezone('UTC', clock_timestamp());

-- cron
UPDATE ai_approvals SET status = 3 WHERE status = :status;

-- expected
-- pending, expired: 0, 3
-- approved: 1
