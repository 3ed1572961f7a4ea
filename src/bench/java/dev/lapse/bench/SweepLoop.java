package dev.lapse.bench;

import dev.lapse.expiration.ExpireStatement;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A control: the very statement of the service, batch by batch with a commit behind each, in a
 * procedure of the database. There is no service, no driver and no network.
 */
final class SweepLoop {

  /** The service's default. */
  private static final int BATCH = 1000;

  private static final String PROCEDURE =
      """
      CREATE PROCEDURE sweep_loop() LANGUAGE plpgsql AS $$
      DECLARE
        after_expires_at timestamptz := '-infinity';
        after_id uuid := '00000000-0000-0000-0000-000000000000';
        batch record;
      BEGIN
        LOOP
          %s
          INTO batch;
          COMMIT;
          EXIT WHEN batch.due < %d;
          after_expires_at := batch.last_expires_at;
          after_id := batch.last_id;
        END LOOP;
      END $$
      """;

  private SweepLoop() {}

  /** Expires all that is due. */
  static void run(Database database) throws SQLException {
    Map<String, String> names = new LinkedHashMap<>();
    names.put("afterExpiresAt", "after_expires_at");
    names.put("afterId", "after_id");
    names.put("refused", "'{}'");
    names.put("headers", "NULL");
    names.put("limit", Integer.toString(BATCH));
    database.execute(PROCEDURE.formatted(ExpireStatement.with(names), BATCH));
    database.execute("CALL sweep_loop()");
  }
}
