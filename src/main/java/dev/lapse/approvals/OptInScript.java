package dev.lapse.approvals;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The statements of an {@link OptIn} for one table.
 *
 * @param create functions and triggers, in one transaction
 * @param drop the same away again
 * @param digest of the text, which the triggers carry
 * @param triggers their names
 */
record OptInScript(String create, String drop, String digest, List<String> triggers) {

  private static final String DIGEST = "${digest}";
  private static final int DIGITS = 16;
  private static final Pattern TRIGGER =
      Pattern.compile("CREATE OR REPLACE TRIGGER (lapse_[a-z0-9_]+)");
  private static final Pattern FUNCTION =
      Pattern.compile("CREATE OR REPLACE FUNCTION \\$\\{lapse}\\.([a-z0-9_]+)");

  /**
   * @param qualified the approvals table with its schema, for functions that have no search path
   * @param lapse the schema of Lapse's own tables, as SQL has it
   */
  static OptInScript of(OptIn optIn, ApprovalsTable table, String qualified, String lapse) {
    String text = Migrations.read("/db/optional/" + optIn.name() + ".sql");
    Map<String, String> words = new HashMap<>(optIn.words());
    words.put("qualified_approvals", qualified);
    words.put("lapse", lapse);
    words.put("digest", DIGEST); // not yet
    String sql = table.sql(text, words);
    String digest = digest(sql);
    List<String> triggers = names(TRIGGER, text);
    String drop =
        Stream.concat(
                triggers.stream().map("DROP TRIGGER IF EXISTS %s ON ${approvals};"::formatted),
                names(FUNCTION, text).stream()
                    .map("DROP FUNCTION IF EXISTS ${lapse}.%s;"::formatted))
            .collect(Collectors.joining("\n"));
    return new OptInScript(sql.replace(DIGEST, digest), table.sql(drop, words), digest, triggers);
  }

  private static List<String> names(Pattern creating, String text) {
    return creating.matcher(text).results().map(found -> found.group(1)).distinct().toList();
  }

  private static String digest(String sql) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(sql.getBytes(StandardCharsets.UTF_8)))
          .substring(0, DIGITS);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java has it
    }
  }
}
