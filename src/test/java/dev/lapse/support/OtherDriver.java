package dev.lapse.support;

import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.DriverPropertyInfo;
import java.sql.SQLException;
import java.util.Properties;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Takes URLs of its own and talks to PostgreSQL, as the wrappers of hosting providers do. */
public final class OtherDriver implements Driver {

  private static final String PREFIX = "jdbc:other:";

  static {
    try {
      DriverManager.registerDriver(new OtherDriver());
    } catch (SQLException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Driver postgresql = new org.postgresql.Driver();

  /** The same database by this driver. */
  public static String url(TestDatabase database) {
    return database.url().replaceFirst("jdbc:postgresql:", PREFIX);
  }

  @Override
  public @Nullable Connection connect(String url, Properties properties) throws SQLException {
    return acceptsURL(url)
        ? postgresql.connect(url.replaceFirst(PREFIX, "jdbc:postgresql:"), properties)
        : null;
  }

  @Override
  public boolean acceptsURL(String url) {
    return url.startsWith(PREFIX);
  }

  @Override
  public DriverPropertyInfo[] getPropertyInfo(String url, Properties properties) {
    return new DriverPropertyInfo[0];
  }

  @Override
  public int getMajorVersion() {
    return 1;
  }

  @Override
  public int getMinorVersion() {
    return 0;
  }

  @Override
  public boolean jdbcCompliant() {
    return false;
  }

  @Override
  public Logger getParentLogger() {
    return Logger.getGlobal();
  }
}
