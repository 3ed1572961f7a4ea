package dev.lapse.bench;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.VectorGraphicsEncoder.VectorGraphicsFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Draws plots as SVG. */
final class Drawing {

  /** A longer curve is a line: its markers would hide the other curves. */
  private static final int MOST_MARKERS = 50;

  private Drawing() {}

  static void write(Plot plot, Path file) throws IOException {
    XYChart chart =
        new XYChartBuilder()
            .width(800)
            .height(450)
            .title(plot.title())
            .xAxisTitle(plot.xTitle())
            .yAxisTitle(plot.yTitle())
            .theme(Styler.ChartTheme.GGPlot2)
            .build();
    chart.getStyler().setXAxisLogarithmic(plot.isXLogarithmic());
    chart.getStyler().setYAxisMin(0.0);
    chart.getStyler().setYAxisDecimalPattern("#,###.##");
    chart.getStyler().setXAxisDecimalPattern("#,###.##");
    chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideS);
    for (Plot.Curve curve : plot.curves()) {
      XYSeries series = chart.addSeries(curve.name(), curve.x(), curve.y());
      if (curve.x().size() > MOST_MARKERS) {
        series.setMarker(SeriesMarkers.NONE);
      }
    }
    try (OutputStream out = Files.newOutputStream(file)) {
      VectorGraphicsEncoder.saveVectorGraphic(chart, out, VectorGraphicsFormat.SVG);
    }
  }
}
