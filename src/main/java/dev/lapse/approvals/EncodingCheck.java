package dev.lapse.approvals;

import dev.lapse.problem.Problem;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Whether text in the database has an encoding. SQL_ASCII has none: PostgreSQL stores the bytes
 * that a writer sends, and converts nothing. An event whose bytes are no UTF-8 could be recorded,
 * but not read again, and would stop all publishing.
 */
final class EncodingCheck {

  private static final String FIND =
      """
      SELECT datname AS name FROM pg_database
      WHERE datname = current_database() AND encoding = pg_char_to_encoding('SQL_ASCII')
      """;

  private EncodingCheck() {}

  /** None of any encoding that PostgreSQL converts to UTF-8. */
  static List<Problem> of(JdbcClient jdbc) {
    return jdbc.sql(FIND).query(String.class).list().stream().map(EncodingCheck::problem).toList();
  }

  private static Problem problem(String database) {
    String copy = database + "_utf8";
    return new Problem(
        "The encoding of the database %s is SQL_ASCII: PostgreSQL does not check or convert its text."
            .formatted(database),
        "An event with text that is not UTF-8 cannot be read again, and would stop all publishing.",
        """
        CREATE DATABASE %s ENCODING 'UTF8' TEMPLATE template0;
        -- copy the database to it: pg_dump --encoding=UTF8 %s | psql %s
        -- if that fails, the text is not UTF-8: name its encoding, such as --encoding=LATIN1
        -- then name the new database in SPRING_DATASOURCE_URL, for all its users\
        """
            .formatted(Sql.name(copy), database, copy));
  }
}
