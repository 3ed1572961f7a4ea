package dev.lapse.platform;

import dev.lapse.problem.Problem;
import java.util.List;
import java.util.Optional;

/** Judges by the answer of {@code version()} whether a server is a PostgreSQL that can serve. */
final class Product {

  /** The first major version that has every function of Lapse's SQL. */
  static final int OLDEST = 14;

  private static final String ACTION =
      "Set SPRING_DATASOURCE_URL to PostgreSQL %d or later, for example a stock PostgreSQL of a"
              .formatted(OLDEST)
          + " hosting provider.";

  private static final List<Foreign> FOREIGN =
      List.of(
          new Foreign(
              "CockroachDB",
              "CockroachDB",
              "It has no transaction ids and no WAL, by which Lapse publishes each event once."),
          new Foreign(
              "-YB-",
              "YugabyteDB",
              "Its transaction ids and snapshots do not tell which events are published."),
          new Foreign(
              "Redshift",
              "Amazon Redshift",
              "It has no triggers and no snapshots, which the outbox needs."),
          new Foreign(
              "Greenplum",
              "Greenplum",
              "Each segment has transaction ids of its own, so they do not order events."),
          new Foreign("Materialize", "Materialize", "It has no triggers, which the outbox needs."));

  private Product() {}

  /** Why a server with this {@code version()} is refused; empty if it is a PostgreSQL. */
  static Optional<Problem> refusal(String version) {
    for (Foreign foreign : FOREIGN) {
      if (version.contains(foreign.sign())) {
        return Optional.of(refusal(foreign.name(), foreign.why()));
      }
    }
    return version.startsWith("PostgreSQL ")
        ? Optional.empty()
        : Optional.of(
            refusal(
                "\"%s\"".formatted(shortened(version)),
                "Lapse relies on PostgreSQL's own snapshots and WAL."));
  }

  static Problem refusal(String name, String why) {
    return new Problem(
        "The database is %s, which Lapse does not support.".formatted(name), why, ACTION);
  }

  static Problem tooOld(String version) {
    return new Problem(
        "The database is PostgreSQL %s, which is too old.".formatted(version),
        "Lapse's SQL needs functions that this version lacks.",
        "Upgrade to PostgreSQL %d or later.".formatted(OLDEST));
  }

  private static String shortened(String text) {
    return text.length() <= 80 ? text : text.substring(0, 80) + "...";
  }

  /**
   * @param sign a part of {@code version()} that no PostgreSQL has
   */
  private record Foreign(String sign, String name, String why) {}
}
