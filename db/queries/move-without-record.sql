-- The moves of an approval in deadline_move and its ApprovalRescheduled rows in the outbox differ:
-- consumers have another deadline than the record, or the record is not complete.
--
-- The trigger lapse_moves writes both in one transaction. More events than moves: another writer
-- inserts such events, or rows were deleted from deadline_move. More moves than events: rows were
-- deleted from the outbox, or inserted into deadline_move. Compare both with the approval.
--
-- Costs one scan of outbox, and an index lookup in deadline_move for each approval that it finds there.
-- It looks for missing events only of moves after the oldest event and a day after the latest purged
-- row. It leaves out moves by lapse extend, which has no events without lapse.deadlines.moves.
WITH told AS (
  SELECT key, count(*) AS events, min(id) AS outbox_id
  FROM outbox WHERE type = 'ApprovalRescheduled' GROUP BY key
),
since AS (
  SELECT greatest(
           (SELECT occurred_at FROM outbox WHERE type = 'ApprovalRescheduled' ORDER BY id LIMIT 1),
           (SELECT purged_occurred_at FROM retention) + interval '1 day') AS at
  FROM told LIMIT 1
),
moved AS (
  SELECT move.approval_id, count(*) AS moves
  FROM deadline_move move, since
  WHERE move.moved_at > since.at AND move.extension IS NULL
    AND length(move.approval_id) BETWEEN 1 AND 1024
  GROUP BY move.approval_id
)
SELECT told.key AS approval_id, told.events, recorded.moves, told.outbox_id AS first_outbox_id
FROM told
CROSS JOIN LATERAL (
  SELECT count(*) AS moves FROM deadline_move move WHERE move.approval_id = told.key
) recorded
WHERE told.events > recorded.moves
UNION ALL
SELECT moved.approval_id, coalesce(told.events, 0), moved.moves, told.outbox_id
FROM moved LEFT JOIN told ON told.key = moved.approval_id
WHERE moved.moves > coalesce(told.events, 0)
LIMIT 101;
