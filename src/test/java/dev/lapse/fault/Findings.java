package dev.lapse.fault;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** What a check has found so far. */
final class Findings {

  private final Map<Flaw, List<String>> sentences = new EnumMap<>(Flaw.class);

  void add(Flaw flaw, String sentence) {
    sentences.computeIfAbsent(flaw, unused -> new ArrayList<>()).add(sentence);
  }

  Map<Flaw, List<String>> all() {
    return sentences;
  }
}
