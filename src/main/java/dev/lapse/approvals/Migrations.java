package dev.lapse.approvals;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Statements out of the migrations, for who has to run one of them by hand. */
final class Migrations {

  private Migrations() {}

  /** That builds the index over what is pending. */
  static String dueIndex() {
    return statement("V2__approvals_due_index", "CREATE INDEX");
  }

  /** That creates or replaces one of the guard's triggers, as the latest migration has it. */
  static String trigger(String name) {
    return name.equals("ai_approvals_final")
        ? statement("V13__guard_refuses_null", "CREATE OR REPLACE TRIGGER " + name)
        : "DROP TRIGGER IF EXISTS %s ON ${approvals};%n".formatted(name)
            + statement("V3__approvals_guard", "CREATE CONSTRAINT TRIGGER " + name);
  }

  /** From {@code beginning} up to the next semicolon, which no comment within may hold. */
  private static String statement(String migration, String beginning) {
    String file = read("/db/migration/" + migration + ".sql");
    int from = file.indexOf(beginning);
    if (from < 0) {
      throw new IllegalStateException(beginning + " is not in " + migration);
    }
    return file.substring(from, file.indexOf(';', from) + 1);
  }

  /** A file of the class path. */
  static String read(String path) {
    try (InputStream file = Migrations.class.getResourceAsStream(path)) {
      if (file == null) {
        throw new IllegalStateException(path + " is not packaged");
      }
      return new String(file.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
