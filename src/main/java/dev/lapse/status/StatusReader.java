package dev.lapse.status;

import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.kafka.KafkaAccess;
import dev.lapse.problem.Reasons;
import java.util.concurrent.ExecutionException;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Asks PostgreSQL and Kafka where things stand. Without one of them it tells what the other knows.
 */
public final class StatusReader {

  private final DatabaseStatus database;
  private final RelayGroup group;
  private final String bootstrapServers;

  /**
   * @param table where the approvals are
   * @param relay whose position and group it is about
   */
  public StatusReader(JdbcClient jdbc, ApprovalsTable table, KafkaAccess kafka, String relay) {
    this.database = new DatabaseStatus(jdbc, table, relay);
    this.group = new RelayGroup(kafka, relay);
    this.bootstrapServers = kafka.bootstrapServers();
  }

  /**
   * Asks PostgreSQL alone.
   *
   * @throws DataAccessException if it does not answer
   */
  public Status.Database database(Status.Look look) {
    return database.read(look);
  }

  /**
   * Asks Kafka alone who leads.
   *
   * @throws ExecutionException if it does not answer
   */
  public Status.Relay relay() throws ExecutionException, InterruptedException {
    return group.read();
  }

  public Status read() throws InterruptedException {
    Status.Database known = null;
    String databaseFailure = null;
    try {
      known = database.read(Status.Look.FULL);
    } catch (DataAccessException e) {
      databaseFailure = Reasons.of(e.getMostSpecificCause()); // not the statement
    }
    try {
      return new Status(known, databaseFailure, group.read(), null);
    } catch (ExecutionException | RuntimeException e) {
      return new Status(
          known,
          databaseFailure,
          null,
          "Kafka does not answer at %s (%s)".formatted(bootstrapServers, Reasons.of(e)));
    }
  }
}
