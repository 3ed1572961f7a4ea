package dev.lapse.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lapse.outbox.OriginSource;
import dev.lapse.outbox.OutboxReader;
import dev.lapse.outbox.Page;
import dev.lapse.outbox.Position;
import dev.lapse.support.EventConsumer;
import dev.lapse.support.EventConsumer.Event;
import dev.lapse.support.OwnPostgres;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/** Nothing is published that PostgreSQL could still lose in a crash. */
@ParameterizedClass
@EnumSource(OriginSource.class)
class DurabilityIT {

  /** Commits are visible at once, and on disk when somebody sees to it. */
  private final OwnPostgres postgres;

  private boolean armed;
  private TestRelay relay;
  private EventConsumer consumer;

  DurabilityIT(OriginSource origin) {
    postgres =
        OwnPostgres.migrated(
            origin,
            Map.of(
                "synchronous_commit", "off",
                "wal_writer_delay", "10s",
                "wal_writer_flush_after", "1GB",
                "autovacuum", "off",
                "checkpoint_timeout", "1h"));
  }

  @BeforeEach
  void start() throws Exception {
    relay = TestRelay.of(postgres.service(), TestRelay.freshName(), 10);
    consumer = relay.consumer();
    relay.drain();
  }

  @AfterEach
  void stop() {
    consumer.close();
    relay.close();
    postgres.close();
  }

  @Test
  void asynchronousCommitsAreLostInACrashWhenNobodyFlushes() {
    postgres.append(5, "a");

    postgres.crash();

    // Or the tests below would show nothing.
    assertThat(postgres.eventIds()).isEmpty();
  }

  @Test
  void everyPublishedRowSurvivesACrash() throws Exception {
    List<String> ids = postgres.append(5, "a");

    relay.drain();
    postgres.crash();

    assertThat(postgres.eventIds()).isEqualTo(ids);
    assertThat(consumer.await(5)).extracting(Event::id).isEqualTo(ids);
  }

  @Test
  void everyPublishedRowSurvivesACrashWhileTheLogEndsInAnOpenTransaction() throws Exception {
    List<String> ids = postgres.append(5, "a");
    try (Connection open = postgres.dataSource().getConnection();
        Statement statement = open.createStatement()) {
      open.setAutoCommit(false);
      statement.execute("INSERT INTO outbox (type, key, payload) VALUES ('Noted', 'open', '{}')");

      relay.drain();
      postgres.crash();
    }

    assertThat(postgres.eventIds()).isEqualTo(ids);
    assertThat(consumer.await(5)).extracting(Event::id).isEqualTo(ids);
  }

  @Test
  void everyPageReadSurvivesACrashThatComesBeforeItIsPublished() throws Exception {
    OutboxReader reader = new OutboxReader(postgres.service(), 10, 1_000_000);
    List<String> ids = postgres.append(5, "a");

    Page page = reader.read(Position.start(reader.state()));
    postgres.crash();

    assertThat(page.records()).hasSize(5);
    assertThat(postgres.eventIds()).isEqualTo(ids);
  }

  /** What the page saw is lost then, whatever is flushed afterwards, and by whom. */
  @Test
  void aPageIsNotReadIfTheServerCrashesBeforeItIsFlushed() throws Exception {
    DataSource crashing =
        new DelegatingDataSource(postgres.service()) {
          @Override
          public Connection getConnection() throws SQLException {
            return crashingBeforeItLooksWhatIsFlushed(super.getConnection());
          }
        };
    OutboxReader reader = new OutboxReader(crashing, 10, 1_000_000);
    Position start = Position.start(reader.state());
    postgres.append(5, "a");
    armed = true;

    assertThatThrownBy(() -> reader.read(start)).isInstanceOf(SQLException.class);

    assertThat(postgres.eventIds()).isEmpty();
  }

  private Connection crashingBeforeItLooksWhatIsFlushed(Connection connection) {
    InvocationHandler crash =
        (proxy, method, arguments) -> {
          boolean looks =
              method.getName().equals("prepareStatement")
                  && arguments[0].toString().startsWith("SELECT pg_current_wal_flush_lsn()");
          boolean flushes = method.getName().equals("createStatement");
          if (armed && (looks || flushes)) {
            armed = false;
            postgres.crash();
          }
          try {
            return method.invoke(connection, arguments);
          } catch (InvocationTargetException e) {
            throw e.getCause();
          }
        };
    return (Connection)
        Proxy.newProxyInstance(
            getClass().getClassLoader(), new Class<?>[] {Connection.class}, crash);
  }

  @Test
  void publishesWhatIsWrittenAfterACrashThatIssuedIdsAnew() throws Exception {
    List<String> before = postgres.append(5, "a");
    relay.drain();
    postgres.append(5, "lost");
    postgres.crash();
    List<String> after = postgres.append(5, "b");

    relay.drainThroughFailures();

    assertThat(consumer.await(10)).extracting(Event::id).containsAll(before).containsAll(after);
    assertThat(consumer.received()).hasSize(10);
  }
}
