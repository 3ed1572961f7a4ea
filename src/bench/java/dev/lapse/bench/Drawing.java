package dev.lapse.bench;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.VectorGraphicsEncoder.VectorGraphicsFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;

/** Draws plots as SVG. */
final class Drawing {

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
    plot.curves().forEach(curve -> chart.addSeries(curve.name(), curve.x(), curve.y()));
    try (OutputStream out = Files.newOutputStream(file)) {
      VectorGraphicsEncoder.saveVectorGraphic(chart, out, VectorGraphicsFormat.SVG);
    }
  }
}
