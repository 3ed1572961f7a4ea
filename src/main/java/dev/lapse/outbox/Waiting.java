package dev.lapse.outbox;

/**
 * What one look found to wait behind a dead letter.
 *
 * @param page the key's records, in id order
 * @param upToId it looked no further, so unless the page was full, these are all up to here
 */
public record Waiting(Page page, long upToId) {

  /** Its first {@code count} records, as if the page had been full then. */
  public Waiting first(int count) {
    return new Waiting(page.first(count), upToId);
  }
}
