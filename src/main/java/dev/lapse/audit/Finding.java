package dev.lapse.audit;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What asking for one invariant brought.
 *
 * @param name the invariant's
 * @param holds whether it is proven to hold, or there is nothing to check
 * @param meaning what a row says
 * @param action what to do about one
 * @param rows what breaks it: names and texts, the first hundred, and no payloads
 * @param more whether there are more than those
 * @param failure why it could not be asked, if it could not
 * @param notChecked why there is nothing to check, if there is not
 */
public record Finding(
    String name,
    boolean holds,
    String meaning,
    String action,
    List<Map<String, @Nullable String>> rows,
    boolean more,
    @Nullable String failure,
    @Nullable String notChecked) {

  public Finding {
    rows = List.copyOf(rows);
  }

  static Finding of(Invariant invariant, List<Map<String, @Nullable String>> found, int limit) {
    return new Finding(
        invariant.name(),
        found.isEmpty(),
        invariant.meaning(),
        invariant.action(),
        found.subList(0, Math.min(found.size(), limit)),
        found.size() > limit,
        null,
        null);
  }

  static Finding failed(Invariant invariant, String failure) {
    return new Finding(
        invariant.name(),
        false,
        invariant.meaning(),
        invariant.action(),
        List.of(),
        false,
        failure,
        null);
  }

  static Finding notChecked(Invariant invariant) {
    return new Finding(
        invariant.name(),
        true,
        invariant.meaning(),
        invariant.action(),
        List.of(),
        false,
        null,
        "the triggers of %s are not installed".formatted(invariant.setting()));
  }
}
