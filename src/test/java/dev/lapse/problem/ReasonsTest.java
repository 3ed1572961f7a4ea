package dev.lapse.problem;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ReasonsTest {

  @Test
  void keepsTheEndWhereTheInnermostCauseSaysWhatToDo() {
    Exception cause = new IllegalStateException("update the system property");
    String reason = Reasons.of(new IllegalStateException("x".repeat(2000), cause));

    assertThat(reason).hasSize(503).startsWith("xxx").endsWith(": update the system property");
    assertThat(reason.chars()).as("for a database of any encoding").allMatch(c -> c < 128);
  }

  @Test
  void printsNothingBeforeAnAt() {
    for (String url :
        new String[] {"jdbc:postgresql://user:secret@host/db", "postgres://u:se@cret/@host/db"}) {
      assertThat(Reasons.of(new IllegalStateException("cannot read " + url + " now")))
          .contains("://...@host/db now")
          .doesNotContain("secret", "cret/");
    }
  }
}
