package dev.lapse.expiration;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.ZonedDateTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.scheduling.support.CronExpression;

class ExpirationStepTest {

  @ParameterizedTest
  @CsvSource({
    "2026-06-01T12:00:00.250Z[UTC], PT0.75S",
    "2026-06-01T12:00:59Z[UTC], PT1S",
    "2026-06-01T12:00:00Z[UTC], PT1S",
  })
  void sleepsUntilTheCronExpressionNextMatches(ZonedDateTime now, Duration pause) {
    assertThat(ExpirationStep.untilNext(CronExpression.parse("* * * * * *"), now)).isEqualTo(pause);
  }

  @ParameterizedTest
  @CsvSource({
    "2026-03-29T01:30:00+01:00[Europe/Berlin], PT1H30M",
    "2026-10-25T01:30:00+02:00[Europe/Berlin], PT3H30M",
  })
  void countsTheHourThatTheClocksSkipOrRepeat(ZonedDateTime now, Duration pause) {
    assertThat(ExpirationStep.untilNext(CronExpression.parse("0 0 4 * * *"), now)).isEqualTo(pause);
  }

  @Test
  void sleepsADayWhenTheCronExpressionNeverMatchesAgain() {
    CronExpression never = CronExpression.parse("0 0 0 30 2 *");

    assertThat(ExpirationStep.untilNext(never, ZonedDateTime.parse("2026-06-01T12:00:00Z")))
        .isEqualTo(Duration.ofDays(1));
  }
}
