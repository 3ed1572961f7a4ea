package dev.lapse.bench;

import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.support.OwnPostgres;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/** A database on the stage's server. Whoever made it drops it. */
final class Database implements AutoCloseable {

  private static final String SERVICE_SESSIONS =
      "SELECT pid FROM pg_stat_activity WHERE application_name = 'lapse'"
          + " AND datname = current_database()";

  private final OwnPostgres server;
  private final String name;

  private Database(OwnPostgres server, String name) {
    this.server = server;
    this.name = name;
  }

  /** With the product's tables, migrated as its users' are. */
  static Database migrated(OwnPostgres server, String name) {
    server.execute("CREATE DATABASE " + name);
    Database database = new Database(server, name);
    Flyway.configure()
        .dataSource(database.url(), OwnPostgres.USER, "")
        .table("lapse_schema_history")
        .configuration(Map.of("flyway.postgresql.transactional.lock", "false"))
        .placeholders(ApprovalsTable.standard().placeholders())
        .load()
        .migrate();
    return database;
  }

  /** A copy of this one as it is; nobody may be connected to it. */
  Database copy(String copy) {
    server.execute("CREATE DATABASE %s TEMPLATE %s STRATEGY file_copy".formatted(copy, name));
    return new Database(server, copy);
  }

  String url() {
    return "jdbc:postgresql://127.0.0.1:%d/%s".formatted(server.port(), name);
  }

  /** A session of its own. */
  Connection connect() throws SQLException {
    return DriverManager.getConnection(url(), OwnPostgres.USER, "");
  }

  void execute(String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** The one number that {@code sql} answers. */
  double number(String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getDouble(1);
    }
  }

  /** The first column of each row that {@code sql} answers. */
  List<String> texts(String sql) throws SQLException {
    List<String> texts = new ArrayList<>();
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      while (row.next()) {
        texts.add(row.getString(1));
      }
    }
    return texts;
  }

  /** The processes that serve the service's sessions here. */
  List<Long> serviceSessions() throws SQLException {
    return texts(SERVICE_SESSIONS).stream().map(Long::valueOf).toList();
  }

  /** Sessions that are not kept. */
  DataSource dataSource() {
    return new DriverManagerDataSource(url(), OwnPostgres.USER, "");
  }

  /** Leaves nothing to be done in the background while somebody measures. */
  void settle() throws SQLException {
    execute("VACUUM ANALYZE");
    execute("CHECKPOINT");
  }

  @Override
  public void close() {
    server.execute("DROP DATABASE %s WITH (FORCE)".formatted(name));
  }
}
