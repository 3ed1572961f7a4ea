package dev.lapse.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What it costs to find the records of a selection. */
class ReplayRecordsIT {

  private static final int ROWS = 20_000;
  private static final int LETTERS = 100;
  private static final Pattern LETTER_SCAN =
      Pattern.compile("Function Scan on jsonb_array_elements.* loops=(\\d+)");

  private final TestDatabase database = TestDatabase.migrated();
  private final ReplayRecords records = new ReplayRecords(database.dataSource(), "lapse");
  private final Selection all = new Selection(1L, null, null, null, null, null, false);

  @AfterEach
  void stop() {
    database.close();
  }

  @Test
  void deadLettersAreTakenApartOnceHoweverManyRecordsThereAre() throws Exception {
    database.execute(
        """
        INSERT INTO outbox (type, key, payload)
        SELECT 'Noted', 'k' || n %% %d, '{}' FROM generate_series(1, %d) n
        """
            .formatted(2 * LETTERS, ROWS));
    database.execute(
        """
        INSERT INTO relay_checkpoint
          (relay, published_id, snapshot, system_identifier, timeline, lsn, written_lsn,
           dead_letters)
        SELECT 'lapse', %d, pg_current_snapshot(), 1, 1, '0/1', '0/1',
               (SELECT jsonb_agg(jsonb_build_object(
                  'key', 'k' || n, 'id', n,
                  'published', '[{"upToId": 1, "snapshot": "3:3:"}]'::jsonb))
                FROM generate_series(1, %d) n)
        """
            .formatted(ROWS, LETTERS));

    assertThat(records.count(all, 0, ROWS, new CountDownLatch(1)).orElseThrow().events())
        .isEqualTo(ROWS / 2);
    assertThat(letterScans()).isNotEmpty().allMatch(loops -> loops <= LETTERS);
  }

  private List<Long> letterScans() throws SQLException {
    List<Long> scans = new ArrayList<>();
    try (Connection connection = database.connect();
        PreparedStatement explain =
            connection.prepareStatement("EXPLAIN (ANALYZE) " + ReplayRecords.COUNT)) {
      records.bind(explain, all, 0, ROWS);
      try (ResultSet lines = explain.executeQuery()) {
        while (lines.next()) {
          Matcher scan = LETTER_SCAN.matcher(lines.getString(1));
          if (scan.find()) {
            scans.add(Long.parseLong(scan.group(1)));
          }
        }
      }
    }
    return scans;
  }
}
