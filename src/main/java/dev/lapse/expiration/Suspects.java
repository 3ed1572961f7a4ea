package dev.lapse.expiration;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;

/**
 * Approvals that failed alone, for a reason that may befall any: a privilege, a name, a time-out.
 * Once another expires, it was a matter of their rows. If none does, nothing expires, and that is a
 * failure. Used by the sweeping thread alone.
 */
final class Suspects {

  /** In succession; then others are tried instead, in other places. */
  private static final int MANY = 5;

  private final List<Refusal> list = new ArrayList<>();
  private @Nullable DataAccessException last;

  void add(Refusal suspect, DataAccessException failure) {
    list.add(suspect);
    last = failure;
  }

  boolean isEmpty() {
    return list.isEmpty();
  }

  boolean areMany() {
    return list.size() >= MANY;
  }

  List<String> ids() {
    return list.stream().map(Refusal::id).toList();
  }

  /** Those that were here, since another approval expired. */
  List<Refusal> convict() {
    List<Refusal> convicted = List.copyOf(list);
    list.clear();
    return convicted;
  }

  /** What failed, since none expired. */
  DataAccessException acquit() {
    list.clear();
    return Objects.requireNonNull(last);
  }
}
