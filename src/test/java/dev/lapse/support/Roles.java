package dev.lapse.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The roles of {@code db/roles.sql}. It is a script for psql, which a machine that runs the tests
 * need not have, so this understands the little of psql's language that the script uses; that psql
 * itself takes it has a test of its own.
 */
public final class Roles {

  public static final String OWNER = "lapse_owner";
  public static final String SERVICE = "lapse_service";
  public static final String APPLICATION = "lapse_application";
  public static final String READER = "lapse_reader";

  /** Of all of them; the script gives them none. */
  public static final String PASSWORD = "of-a-test-role";

  private static final Path SCRIPT = Path.of("db", "roles.sql");

  private static final Pattern VARIABLE = Pattern.compile("(?<!:):(['\"]?)([a-z_]+)\\1");

  private final Connection connection;
  private final Map<String, String> variables = new HashMap<>();
  private final Deque<Boolean> branches = new ArrayDeque<>();
  private final StringBuilder statements = new StringBuilder();

  private Roles(Connection connection) {
    this.connection = connection;
  }

  /** Runs the script, and lets the roles log in. */
  static void apply(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      // As it is from 15 on; the script does nothing in a schema where everybody may create.
      statement.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    }
    new Roles(connection).run();
    try (Statement statement = connection.createStatement()) {
      for (String role : new String[] {OWNER, SERVICE, APPLICATION, READER}) {
        statement.execute("ALTER ROLE %s PASSWORD '%s'".formatted(role, PASSWORD));
      }
    }
  }

  private void run() throws SQLException {
    try {
      for (String line : Files.readAllLines(SCRIPT)) {
        if (line.startsWith("\\")) {
          execute();
          command(line.substring(1).strip().split(" ", 3));
        } else if (isLive() && line.endsWith("\\gset")) {
          statements.append(line.replace("\\gset", ";"));
          set();
        } else if (isLive()) {
          statements.append(line).append('\n');
        }
      }
      execute();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private boolean isLive() {
    return !branches.contains(false);
  }

  private void command(String[] words) {
    switch (words[0]) {
      case "if" -> branches.push(holds(words[1]));
      case "else" -> branches.push(!branches.pop());
      case "endif" -> branches.pop();
      case "set" -> {
        if (isLive()) {
          variables.put(words[1], interpolated(words[2].replaceAll("^'|'$", "")));
        }
      }
      case "echo" -> {}
      default -> throw new IllegalStateException("not understood here: \\" + words[0]);
    }
  }

  private boolean holds(String condition) {
    if (condition.startsWith(":{?")) {
      return variables.containsKey(condition.substring(3, condition.length() - 1));
    }
    return "t".equals(variables.get(condition.substring(1)));
  }

  private void set() throws SQLException {
    try (Statement statement = connection.createStatement()) {
      boolean rows = statement.execute(take());
      while (!rows) {
        rows = statement.getMoreResults();
      }
      try (ResultSet row = statement.getResultSet()) {
        row.next();
        ResultSetMetaData columns = row.getMetaData();
        for (int i = 1; i <= columns.getColumnCount(); i++) {
          variables.put(columns.getColumnLabel(i), row.getString(i));
        }
      }
    }
  }

  private void execute() throws SQLException {
    String sql = take();
    if (!sql.isBlank()) {
      try (Statement statement = connection.createStatement()) {
        statement.execute(sql);
      }
    }
  }

  private String take() {
    String sql = interpolated(statements.toString());
    statements.setLength(0);
    return sql;
  }

  private String interpolated(String text) {
    return VARIABLE
        .matcher(text)
        .replaceAll(
            found ->
                Matcher.quoteReplacement(
                    found.group(1)
                        + Objects.requireNonNull(variables.get(found.group(2)), found.group())
                        + found.group(1)));
  }
}
