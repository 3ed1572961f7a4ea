package dev.lapse.support;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** That the embedded PostgreSQL is on the class path for each machine that builds Lapse. */
class PlatformsTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "postgres-linux-x86_64.txz",
        "postgres-linux-x86_64-alpine_linux.txz",
        "postgres-linux-arm_64.txz",
        "postgres-darwin-x86_64.txz",
        "postgres-darwin-arm_64.txz",
        "postgres-windows-x86_64.txz"
      })
  void hasTheBinariesOf(String archive) {
    assertThat(getClass().getClassLoader().getResource(archive)).isNotNull();
  }
}
