package dev.lapse.bench;

/** What a figure ought to reach. */
record Target(boolean isLowerBound, double limit) {

  static Target atLeast(double limit) {
    return new Target(true, limit);
  }

  static Target atMost(double limit) {
    return new Target(false, limit);
  }

  boolean isMetBy(double value) {
    return isLowerBound ? value >= limit : value <= limit;
  }

  @Override
  public String toString() {
    return (isLowerBound ? "≥ " : "≤ ") + Measure.text(limit);
  }
}
