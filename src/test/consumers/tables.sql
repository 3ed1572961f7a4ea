CREATE TABLE event_seen (
  source text, id text, seen_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (source, id));
CREATE TABLE reminder (approval_id text, expired_at timestamptz);
