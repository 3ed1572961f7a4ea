package dev.lapse.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.lapse.support.TestDatabase;
import java.lang.management.ManagementFactory;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class OutboxReaderIT {

  private static final int RECORD = 60_000;

  private final TestDatabase database = TestDatabase.migrated();

  @AfterEach
  void stop() {
    database.close();
  }

  @Test
  void endsAPageWithTheRecordThatFillsIt() throws Exception {
    append(10);
    OutboxReader reader = new OutboxReader(database.service(), 5000, 3 * RECORD);

    Page page = reader.read(Position.start(reader.state()));

    assertThat(page.records()).hasSize(3);
    assertThat(page.more()).isTrue();
    assertThat(page.next().publishedId()).isEqualTo(3);
  }

  @Test
  void readsNoMoreOfALargeBacklogThanItsPage() throws Exception {
    append(400);
    OutboxReader reader = new OutboxReader(database.service(), 5000, 3 * RECORD);
    Position start = Position.start(reader.state());
    reader.read(start);

    long before = allocated();
    reader.read(start);

    assertThat(allocated() - before).isLessThan(20L * RECORD);
  }

  /** All other keys wait for such a look, so it goes a limited way, and on with the next. */
  @Test
  void looksForWhatWaitsALimitedWayAtATime() throws Exception {
    noteEveryTenthOfAnotherKey(1000);
    OutboxReader reader = new OutboxReader(database.service(), 40, 1 << 20, 300);
    Position start = Position.start(reader.state());
    Page first = reader.read(start);
    Position end =
        new Position(
            1000, null, reader.state().snapshot(), null, List.of(), first.database().origin());
    Optional<DeadLetter> letter =
        Optional.of(DeadLetter.of(first.records().get(9), "too large", Instant.EPOCH, start));

    List<Long> ids = new ArrayList<>();
    List<Long> looks = new ArrayList<>();
    while (letter.isPresent()) {
      Page part = reader.waiting(letter.get(), end);
      part.records().forEach(record -> ids.add(record.id()));
      looks.add(part.upToId());
      letter = letter.get().after(part, end);
    }

    assertThat(ids)
        .containsExactlyElementsOf(LongStream.rangeClosed(1, 100).mapToObj(n -> 10 * n).toList());
    assertThat(looks).containsExactly(300L, 600L, 900L, 1000L);
  }

  /** One look at a million rows, however few of them are stragglers, outlasts every time-out. */
  @Test
  void looksForStragglersALimitedWayAtATime() throws Exception {
    OutboxReader reader = new OutboxReader(database.service(), 40, 1 << 20, 300);
    DatabaseState before = reader.state();
    noteEveryTenthOfAnotherKey(1000);
    Position position =
        new Position(1000, null, before.snapshot(), null, List.of(), before.origin());
    database.execute("DELETE FROM outbox WHERE key = 'a' AND id <= 700");

    List<Integer> found = new ArrayList<>();
    Position at = position.catchingUpTo(reader.state().snapshot(), 0);
    List<Long> looks = new ArrayList<>();
    while (at.catchUp() != null) {
      Page page = reader.read(at);
      found.add(page.records().size());
      looks.add(page.upToId());
      at = page.next();
    }

    assertThat(found).startsWith(30, 30).contains(40);
    assertThat(looks).startsWith(300L, 600L).endsWith(1000L).isSorted();
    assertThat(found.stream().mapToInt(Integer::intValue).sum()).isEqualTo(370);
    assertThat(at.snapshot()).isNotEqualTo(before.snapshot());
  }

  private void noteEveryTenthOfAnotherKey(int rows) {
    database.execute(
        "INSERT INTO outbox (type, key, payload)"
            + " SELECT 'Noted', CASE WHEN n % 10 = 0 THEN 'b' ELSE 'a' END, '{}'"
            + " FROM generate_series(1, "
            + rows
            + ") n");
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
