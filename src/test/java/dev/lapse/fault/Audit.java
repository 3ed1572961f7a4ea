package dev.lapse.fault;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What must return no row, whatever happened: asked of the database alone. */
public final class Audit {

  private static final Map<String, String> QUERIES = new LinkedHashMap<>();

  static {
    // As the README tells operators.
    QUERIES.put(
        "expired before its deadline",
        """
        SELECT id::text FROM ai_approvals
        WHERE status = 'expired' AND executed_at IS NOT NULL AND executed_at < expires_at
        """);
    QUERIES.put(
        "expired and no event says so",
        """
        SELECT id::text FROM ai_approvals WHERE status = 'expired'
        EXCEPT
        SELECT key FROM outbox WHERE type = 'ApprovalExpired'
        """);
    QUERIES.put(
        "an event says that it expired, and it has not",
        """
        SELECT key FROM outbox WHERE type = 'ApprovalExpired'
        EXCEPT
        SELECT id::text FROM ai_approvals WHERE status = 'expired'
        """);
    QUERIES.put(
        "expired twice",
        """
        SELECT key FROM outbox WHERE type = 'ApprovalExpired' GROUP BY key HAVING count(*) > 1
        """);
    QUERIES.put(
        "its events' versions are not 1, 2, 3, ...",
        """
        SELECT DISTINCT key FROM (
          SELECT key, (payload->>'version')::bigint AS version,
                 row_number() OVER (PARTITION BY key ORDER BY id) AS place
          FROM outbox
          WHERE type LIKE 'Approval%'
            AND type NOT IN ('ApprovalRequested', 'ApprovalRescheduled', 'ApprovalDecided',
                             'ApprovalExpiring', 'ApprovalEscalated')
        ) numbered
        WHERE version IS DISTINCT FROM place
        """);
    QUERIES.put(
        "its version is not that of its last event",
        """
        SELECT id::text FROM ai_approvals
        LEFT JOIN (
          SELECT key, max((payload->>'version')::bigint) AS last
          FROM outbox WHERE type LIKE 'Approval%' GROUP BY key
        ) event ON key = id::text
        WHERE version IS DISTINCT FROM last
        """);
    QUERIES.put(
        "not exactly one event says that it has ended",
        """
        SELECT approval.id::text
        FROM ai_approvals approval
        LEFT JOIN outbox ending
          ON ending.key = approval.id::text AND ending.type IN ('ApprovalDecided', 'ApprovalExpired')
        GROUP BY approval.id
        HAVING count(ending.id) <> CASE WHEN status = 'pending' THEN 0 ELSE 1 END
        """);
    QUERIES.put(
        "it has ended and comes to a next step",
        """
        SELECT approval_id FROM next_step
        EXCEPT
        SELECT id::text FROM ai_approvals WHERE status = 'pending'
        """);
    QUERIES.put(
        "it is pending and not armed for its deadline",
        """
        SELECT id::text FROM ai_approvals
        LEFT JOIN next_step ON approval_id = id::text
        WHERE status = 'pending' AND for_deadline IS DISTINCT FROM expires_at
        """);
    QUERIES.put(
        "its moves are not those that events tell of",
        """
        SELECT approval_id FROM (
          SELECT approval_id, to_deadline FROM deadline_move
          EXCEPT ALL
          SELECT key, (payload->>'expiresAt')::timestamptz
          FROM outbox WHERE type = 'ApprovalRescheduled'
        ) untold
        """);
  }

  private Audit() {}

  /** What is wrong, a line for each approval. */
  public static List<String> findings(JdbcClient jdbc) {
    jdbc.sql("ANALYZE ai_approvals, outbox").update(); // or it may take minutes
    List<String> findings = new ArrayList<>();
    QUERIES.forEach(
        (question, sql) ->
            jdbc.sql(sql)
                .query(String.class)
                .list()
                .forEach(approval -> findings.add(approval + ": " + question)));
    return findings;
  }
}
