package dev.lapse.support;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;

/** That the tests which run on the oldest PostgreSQL do run on the oldest. */
class OldestPostgresIT {

  @Test
  void isTheOneThatIsMeant() {
    String meant = System.getProperty("lapse.test.postgres");
    assumeTrue(meant != null, "these tests run on the newest");

    try (TestDatabase database = TestDatabase.maintenance()) {
      assertThat(database.count("SELECT current_setting('server_version_num')::int / 10000"))
          .isEqualTo(Long.parseLong(meant));
    }
  }
}
