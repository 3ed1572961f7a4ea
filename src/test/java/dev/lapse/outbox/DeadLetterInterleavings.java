package dev.lapse.outbox;

import dev.lapse.outbox.Interleavings.Step;
import dev.lapse.outbox.Interleavings.World;
import dev.lapse.outbox.Mvcc.Row;
import java.util.List;
import java.util.function.BiConsumer;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ArbitrarySupplier;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;

/** The same, with events that are refused, people who mend the cause, and those who ask anew. */
final class DeadLetterInterleavings implements ArbitrarySupplier<List<Step>> {

  /** Few keys with dead letters, so that there are several behind one another. */
  private static final int LAST_KEY = 1;

  @Override
  public Arbitrary<List<Step>> get() {
    Arbitrary<Integer> writers = Arbitraries.integers().between(0, Interleavings.WRITERS - 1);
    Arbitrary<Integer> keys = Arbitraries.integers().between(Mvcc.UNORDERED, LAST_KEY);
    Arbitrary<Integer> limits = Arbitraries.integers().between(1, Interleavings.MAX_PAGE);
    return Interleavings.listsOf(
        Arbitraries.frequencyOf(
            Tuple.of(40, Interleavings.steps()),
            Tuple.of(6, Combinators.combine(writers, keys).as(DeadLetterInterleavings::refused)),
            Tuple.of(4, Combinators.combine(writers, keys).as(DeadLetterInterleavings::notEncoded)),
            Tuple.of(8, writers.map(DeadLetterInterleavings::unordered)),
            Tuple.of(1, keys.map(DeadLetterInterleavings::mends)),
            Tuple.of(4, keys.map(DeadLetterInterleavings::mendsFirst)),
            Tuple.of(1, Arbitraries.just(new Step("mend all", world -> world.kafka.mendAll()))),
            Tuple.of(8, keys.map(DeadLetterInterleavings::requeues)),
            Tuple.of(
                1, Arbitraries.just(new Step("requeue all", world -> world.relay.requeueAll()))),
            Tuple.of(5, limits.map(DeadLetterInterleavings::releases)),
            Tuple.of(8, limits.map(DeadLetterInterleavings::cycles)),
            Tuple.of(3, limits.map(DeadLetterInterleavings::drains))));
  }

  private static Step refused(int writer, int key) {
    return inserts(writer, key, "that Kafka refuses", (world, row) -> world.kafka.refuse(row));
  }

  private static Step notEncoded(int writer, int key) {
    return inserts(writer, key, "that is no event", (world, row) -> world.kafka.doNotEncode(row));
  }

  private static Step unordered(int writer) {
    return inserts(writer, Mvcc.UNORDERED, "without a lock", (world, row) -> {});
  }

  private static Step inserts(int writer, int key, String what, BiConsumer<World, Row> effect) {
    return new Step(
        "%d inserts one of key %d %s".formatted(writer, key, what),
        world -> world.of(writer).insert(key).ifPresent(row -> effect.accept(world, row)));
  }

  private static Step mends(int key) {
    return new Step("mend key %d".formatted(key), world -> world.kafka.mend(key));
  }

  private static Step mendsFirst(int key) {
    return new Step("mend first of key %d".formatted(key), world -> world.kafka.mendFirst(key));
  }

  private static Step requeues(int key) {
    return new Step("requeue key %d".formatted(key), world -> world.relay.requeue(key));
  }

  private static Step releases(int limit) {
    return new Step("release %d".formatted(limit), world -> world.relay.release(limit));
  }

  private static Step cycles(int limit) {
    return new Step(
        "cycle %d".formatted(limit),
        world -> {
          world.relay.release(limit);
          world.relay.read(limit);
          world.relay.publish();
        });
  }

  private static Step drains(int limit) {
    return new Step("drain %d".formatted(limit), world -> world.relay.drain(limit));
  }
}
