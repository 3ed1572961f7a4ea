package dev.lapse.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** What one benchmark saw: a value for each figure and run, plots, and what to know about them. */
final class Findings {

  private final String benchmark;
  private final Map<String, Measure> measures = new LinkedHashMap<>();
  private final List<Plot> plots = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  Findings(String benchmark) {
    this.benchmark = benchmark;
  }

  String benchmark() {
    return benchmark;
  }

  /** Adds a run's value, and returns it. */
  double add(String name, String unit, double value) {
    measures.merge(name, new Measure(name, unit, List.of(value), null), Findings::joined);
    System.out.printf("  %s: %s = %s %s%n", benchmark, name, Measure.text(value), unit);
    return value;
  }

  /** Says what a figure's median ought to reach. */
  void expect(String name, Target target) {
    Measure measure = Objects.requireNonNull(measures.get(name), name);
    measures.put(name, new Measure(name, measure.unit(), measure.runs(), target));
  }

  private static Measure joined(Measure before, Measure now) {
    List<Double> runs = new ArrayList<>(before.runs());
    runs.addAll(now.runs());
    return new Measure(before.name(), before.unit(), runs, before.target());
  }

  void plot(Plot plot) {
    plots.add(plot);
  }

  void note(String sentence) {
    notes.add(sentence);
    System.out.printf("  %s: %s%n", benchmark, sentence);
  }

  List<Measure> measures() {
    return List.copyOf(measures.values());
  }

  Measure measure(String name) {
    return Objects.requireNonNull(measures.get(name), name);
  }

  List<Plot> plots() {
    return List.copyOf(plots);
  }

  List<String> notes() {
    return List.copyOf(notes);
  }
}
