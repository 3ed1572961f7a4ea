package dev.lapse.bench;

import java.util.List;

/**
 * A curve or several, to look at.
 *
 * @param file its name without an ending
 */
record Plot(
    String file,
    String title,
    String xTitle,
    String yTitle,
    boolean isXLogarithmic,
    List<Curve> curves) {

  record Curve(String name, List<Double> x, List<Double> y) {}
}
