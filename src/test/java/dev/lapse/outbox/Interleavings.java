package dev.lapse.outbox;

import dev.lapse.outbox.ModelParking.Rule;
import dev.lapse.outbox.ModelRelay.Reader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ArbitrarySupplier;
import net.jqwik.api.Combinators;
import net.jqwik.api.RandomDistribution;
import net.jqwik.api.Tuple;

/** Writers and a relay, step by step, in any order. */
final class Interleavings implements ArbitrarySupplier<List<Interleavings.Step>> {

  /** A step that does not apply, or would have to wait for a lock, does nothing. */
  record Step(String text, Consumer<World> effect) {

    void applyTo(World world) {
      effect.accept(world);
    }

    @Override
    public String toString() {
      return text;
    }
  }

  /** One database, its writers, each in a transaction or none, and its relay. */
  static final class World {

    final Mvcc database = new Mvcc();
    final ModelKafka kafka = new ModelKafka(database);
    final ModelParking parking;
    final ModelRelay relay;
    private final Map<Integer, Mvcc.Transaction> current = new HashMap<>();
    private final List<Mvcc.Transaction> prepared = new ArrayList<>();

    World(Reader reader) {
      this(reader, Rule.SOUND);
    }

    World(Reader reader, Rule rule) {
      parking = new ModelParking(rule, kafka);
      relay = new ModelRelay(database, reader, kafka, parking);
    }

    /** Begins one if need be: BEGIN alone changes nothing that anybody could see. */
    Mvcc.Transaction of(int writer) {
      return current.computeIfAbsent(writer, begins -> database.new Transaction());
    }

    private void end(int writer, Consumer<Mvcc.Transaction> how) {
      how.accept(of(writer));
      current.remove(writer);
    }

    /** It goes on running, and holding its locks, without the writer. */
    private void prepare(int writer) {
      of(writer).takeXid();
      prepared.add(of(writer));
      current.remove(writer);
    }

    private void endPrepared(int which, Consumer<Mvcc.Transaction> how) {
      if (!prepared.isEmpty()) {
        how.accept(prepared.remove(which % prepared.size()));
      }
    }

    /**
     * Whatever is still open commits, and the relay comes to its end; what Kafka still refuses is
     * mended then.
     */
    void settle() {
      current.values().forEach(Mvcc.Transaction::commit);
      prepared.forEach(Mvcc.Transaction::commit);
      relay.drain(2);
      kafka.mendAll();
      // A relay may park once more by what it learned before; somebody sees that, and asks again.
      for (int i = 0; i < KEYS && !relay.position().deadLetters().isEmpty(); i++) {
        relay.requeueAll();
        relay.drain(2);
      }
    }
  }

  /** What other steps shrink to; left out in the end, so that a counterexample gets short. */
  private static final Step NOTHING = new Step("nothing", world -> {});

  static final int WRITERS = 5;
  static final int KEYS = 5;
  private static final int MAX_ROWS = 5;
  static final int MAX_PAGE = 5;
  private static final int MAX_STEPS = 120;

  @Override
  public Arbitrary<List<Step>> get() {
    return listsOf(steps());
  }

  static Arbitrary<List<Step>> listsOf(Arbitrary<Step> steps) {
    return steps
        .list()
        .ofMaxSize(MAX_STEPS)
        .withSizeDistribution(RandomDistribution.uniform())
        .map(list -> list.stream().filter(step -> !step.equals(NOTHING)).toList());
  }

  static Arbitrary<Step> steps() {
    Arbitrary<Integer> writers = Arbitraries.integers().between(0, WRITERS - 1);
    Arbitrary<Integer> keys = Arbitraries.integers().between(0, KEYS - 1);
    Arbitrary<Integer> rows = Arbitraries.integers().between(1, MAX_ROWS);
    Arbitrary<Integer> limits = Arbitraries.integers().between(1, MAX_PAGE);
    return Arbitraries.frequencyOf(
        Tuple.of(1, Arbitraries.just(NOTHING)),
        Tuple.of(4, writers.map(Interleavings::takesXid)),
        Tuple.of(2, Combinators.combine(writers, keys).as(Interleavings::drawsId)),
        Tuple.of(10, Combinators.combine(writers, keys, rows).as(Interleavings::inserts)),
        Tuple.of(1, writers.map(Interleavings::rollsBackToSavepoint)),
        Tuple.of(6, writers.map(Interleavings::commits)),
        Tuple.of(1, writers.map(Interleavings::rollsBack)),
        Tuple.of(1, writers.map(Interleavings::prepares)),
        Tuple.of(1, writers.map(Interleavings::commitsPrepared)),
        Tuple.of(1, writers.map(Interleavings::rollsBackPrepared)),
        Tuple.of(6, limits.map(Interleavings::polls)),
        Tuple.of(3, limits.map(Interleavings::reads)),
        Tuple.of(3, Arbitraries.just(new Step("publish", world -> world.relay.publish()))),
        Tuple.of(1, Arbitraries.just(new Step("crash", world -> world.relay.crash()))));
  }

  private static Step takesXid(int writer) {
    return new Step("%d takes xid".formatted(writer), world -> world.of(writer).takeXid());
  }

  private static Step drawsId(int writer, int key) {
    return new Step(
        "%d draws id for key %d".formatted(writer, key), world -> world.of(writer).drawId(key));
  }

  private static Step inserts(int writer, int key, int rows) {
    return new Step(
        "%d inserts %d of key %d".formatted(writer, rows, key),
        world -> IntStream.range(0, rows).forEach(row -> world.of(writer).insert(key)));
  }

  private static Step rollsBackToSavepoint(int writer) {
    return new Step(
        "%d inserts and rolls back to savepoint".formatted(writer),
        world -> world.of(writer).insertAndRollBackToSavepoint());
  }

  private static Step commits(int writer) {
    return new Step(
        "%d commits".formatted(writer), world -> world.end(writer, Mvcc.Transaction::commit));
  }

  private static Step rollsBack(int writer) {
    return new Step(
        "%d rolls back".formatted(writer), world -> world.end(writer, Mvcc.Transaction::rollBack));
  }

  private static Step prepares(int writer) {
    return new Step("%d prepares".formatted(writer), world -> world.prepare(writer));
  }

  private static Step commitsPrepared(int which) {
    return new Step(
        "commit prepared %d".formatted(which),
        world -> world.endPrepared(which, Mvcc.Transaction::commit));
  }

  private static Step rollsBackPrepared(int which) {
    return new Step(
        "rollback prepared %d".formatted(which),
        world -> world.endPrepared(which, Mvcc.Transaction::rollBack));
  }

  private static Step polls(int limit) {
    return new Step(
        "poll %d".formatted(limit),
        world -> {
          world.relay.read(limit);
          world.relay.publish();
        });
  }

  private static Step reads(int limit) {
    return new Step("read %d".formatted(limit), world -> world.relay.read(limit));
  }
}
