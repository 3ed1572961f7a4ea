package dev.lapse.relay;

import java.util.ArrayList;
import java.util.List;

/** What a relay told its listener. */
final class Heard implements RelayListener {

  final List<PublishedTransaction> published = new ArrayList<>();
  int aborted;
  int fenced;

  @Override
  public void published(PublishedTransaction transaction) {
    published.add(transaction);
  }

  @Override
  public void aborted() {
    aborted++;
  }

  @Override
  public void fenced() {
    fenced++;
  }
}
