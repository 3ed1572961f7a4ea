package dev.lapse.console;

import dev.lapse.console.Explanation.Moment;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Puts the moments of a life into their order. What belongs together stays together, in the place
 * of its first moment, for a wait may have begun before its record. What has no time stays behind
 * what was added before it.
 */
final class Timeline {

  private final List<Group> groups = new ArrayList<>();
  private Instant last = Instant.MIN;

  void add(Moment... moments) {
    Instant at = moments[0].at();
    last = at == null ? last : at;
    groups.add(new Group(last, List.of(moments)));
  }

  void addEach(List<Moment> moments) {
    moments.forEach(this::add);
  }

  List<Moment> sorted() {
    return groups.stream()
        .sorted(Comparator.comparing(Group::at))
        .flatMap(group -> group.moments().stream())
        .toList();
  }

  private record Group(Instant at, List<Moment> moments) {}
}
