package dev.lapse.relay;

import java.sql.Connection;
import java.sql.SQLException;
import org.springframework.jdbc.datasource.AbstractDataSource;

/** Decides for every connection anew where it leads, or that it fails. */
final class ScriptedDataSource extends AbstractDataSource {

  /** What connection number {@code n}, from 1 on, is. */
  @FunctionalInterface
  interface Script {
    Connection connection(int n) throws SQLException;
  }

  private final Script script;
  private int count;

  ScriptedDataSource(Script script) {
    this.script = script;
  }

  @Override
  public synchronized Connection getConnection() throws SQLException {
    return script.connection(++count);
  }

  @Override
  public Connection getConnection(String username, String password) throws SQLException {
    throw new UnsupportedOperationException();
  }

  /** How many were asked for. */
  synchronized int count() {
    return count;
  }
}
