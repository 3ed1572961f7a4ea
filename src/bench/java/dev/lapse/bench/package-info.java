/**
 * What Lapse costs and how fast it is, each figure beside a control measured in the same run.
 *
 * <p>{@link dev.lapse.bench.BenchmarksIT} is the entry: on a {@link dev.lapse.bench.Stage} of real
 * servers it runs each {@link dev.lapse.bench.Benchmark}, which notes what it saw in {@link
 * dev.lapse.bench.Findings}; a {@link dev.lapse.bench.Report} makes table, file and plots of these.
 * What is measured, and against what, stands in docs/benchmarks/README.md.
 */
@NullMarked
package dev.lapse.bench;

import org.jspecify.annotations.NullMarked;
