package dev.lapse.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.lapse.support.TestDatabase;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class OutboxReaderIT {

  private static final int RECORD = 100_000;

  private final TestDatabase database = TestDatabase.migrated();

  @AfterEach
  void stop() {
    database.close();
  }

  @Test
  void endsAPageWithTheRecordThatFillsIt() throws Exception {
    append(10);
    OutboxReader reader = new OutboxReader(database.dataSource(), 5000, 3 * RECORD);

    Page page = reader.read(Position.start(reader.state()));

    assertThat(page.records()).hasSize(3);
    assertThat(page.more()).isTrue();
    assertThat(page.next().publishedId()).isEqualTo(3);
  }

  @Test
  void doesNotHoldMoreOfALargeBacklogThanItsPageAndARoundTrip() throws Exception {
    append(400);
    OutboxReader reader = new OutboxReader(database.dataSource(), 5000, 3 * RECORD);
    Position start = Position.start(reader.state());
    reader.read(start);

    long before = allocated();
    reader.read(start);

    assertThat(allocated() - before).isLessThan(200L * RECORD);
  }

  private static long allocated() {
    return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
  }

  private void append(int count) {
    database.execute(
        "INSERT INTO outbox (type, key, payload) SELECT 'Noted', 'a',"
            + " json_build_object('text', repeat('x', %d)) FROM generate_series(1, %d)"
                .formatted(RECORD, count));
  }
}
