package dev.lapse.approvals;

import java.util.Map;

/**
 * Triggers that the approvals table has only while a setting is on. {@code db/optional/NAME.sql} is
 * the one place of their text: {@code CREATE OR REPLACE}, for functions and triggers whose names
 * begin with {@code lapse_}. Migrating creates them where the setting is on, replaces them where it
 * has changed, and drops them where it is off.
 *
 * <p>Beside the {@linkplain ApprovalsTable words of the table}, the text knows {@code ${lapse}},
 * the schema of Lapse's own tables, and {@code ${digest}}. Each trigger passes the latter to its
 * function as the last argument: so the catalog tells which text it was made of.
 *
 * @param name of the file
 * @param setting that switches it, for people
 * @param effect what does not happen without the triggers, as a sentence
 * @param on whether the triggers are to be there
 * @param words of its own that the text has; an empty one counts as absent for {@code ${?word}}
 */
public record OptIn(
    String name, String setting, String effect, boolean on, Map<String, String> words) {

  public OptIn {
    words = Map.copyOf(words);
  }
}
