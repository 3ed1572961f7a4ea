package dev.lapse.relay;

import dev.lapse.support.EventConsumer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * What was committed against what was published. Writers number the events of a key 1, 2, 3, …
 * under a lock of the key's row, so that the number is the causal order.
 */
final class History {

  private static final Pattern NUMBER = Pattern.compile("\"number\"\\s*:\\s*(\\d+)");

  private History() {}

  /** An event, by its id, and its place in its key's order. */
  record Numbered(String id, String key, long number) {

    static Numbered of(EventConsumer.Event event) {
      return of(event.id(), event.key(), event.value());
    }

    static Numbered of(String id, String key, String payload) {
      Matcher number = NUMBER.matcher(payload);
      if (!number.find()) {
        throw new AssertionError("not numbered: " + payload);
      }
      return new Numbered(id, key, Long.parseLong(number.group(1)));
    }
  }

  /**
   * @param lost committed and not published
   * @param duplicate published once more
   * @param phantom published and not committed
   * @param misordered published after a later event of the same key
   */
  record Verdict(int lost, int duplicate, int phantom, int misordered) {

    static final Verdict FLAWLESS = new Verdict(0, 0, 0, 0);
  }

  static List<Numbered> committed(JdbcClient jdbc) {
    return jdbc.sql("SELECT event_id::text, key, payload::text FROM outbox ORDER BY id")
        .query((row, n) -> Numbered.of(row.getString(1), row.getString(2), row.getString(3)))
        .list();
  }

  /**
   * @param published in the order that a consumer sees; across keys it does not matter
   */
  static Verdict judge(List<Numbered> committed, List<Numbered> published) {
    Set<String> missing = new HashSet<>();
    committed.forEach(event -> missing.add(event.id()));
    Set<String> known = new HashSet<>(missing);
    Set<String> seen = new HashSet<>();
    Map<String, Long> highest = new HashMap<>();
    int duplicate = 0;
    int phantom = 0;
    int misordered = 0;
    for (Numbered event : published) {
      missing.remove(event.id());
      if (!known.contains(event.id())) {
        phantom++;
      } else if (!seen.add(event.id())) {
        duplicate++;
      } else {
        long before = highest.merge(event.key(), event.number(), Math::max);
        misordered += before > event.number() ? 1 : 0;
      }
    }
    return new Verdict(missing.size(), duplicate, phantom, misordered);
  }
}
