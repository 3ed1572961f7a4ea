package dev.lapse.fault;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * The network between a client and a server of this machine, to be broken at will. All methods may
 * be called by any thread, traps included.
 */
final class TcpProxy implements AutoCloseable {

  private final Wire wire;
  private final ServerSocket listener;
  private final ExecutorService threads =
      Executors.newCachedThreadPool(
          task -> {
            Thread thread = new Thread(task, "proxy");
            thread.setDaemon(true);
            return thread;
          });
  private final Set<Link> links = ConcurrentHashMap.newKeySet();
  private final List<ArmedTrap> traps = new CopyOnWriteArrayList<>();
  private volatile InetSocketAddress upstream;
  private volatile Duration delay = Duration.ZERO;
  private volatile long bytesPerSecond = Long.MAX_VALUE;

  /** Guards what follows, and that no link slips through between a look and the deed. */
  private final Object gate = new Object();

  private final Set<Direction> swallowing = EnumSet.noneOf(Direction.class);
  private boolean refusing;

  private TcpProxy(InetSocketAddress upstream, Wire wire) throws IOException {
    this.upstream = upstream;
    this.wire = wire;
    this.listener = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
  }

  static TcpProxy raw(InetSocketAddress upstream) {
    return started(upstream, Wire.RAW);
  }

  static TcpProxy kafka(InetSocketAddress upstream) {
    return started(upstream, KafkaWire::new);
  }

  static TcpProxy postgres(InetSocketAddress upstream) {
    return started(upstream, PostgresWire::new);
  }

  private static TcpProxy started(InetSocketAddress upstream, Wire wire) {
    try {
      TcpProxy proxy = new TcpProxy(upstream, wire);
      proxy.threads.execute(proxy::accept);
      return proxy;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static InetSocketAddress local(int port) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  int port() {
    return listener.getLocalPort();
  }

  /** Where connections go that are made from now on. */
  void leadTo(InetSocketAddress server) {
    upstream = server;
  }

  /** Resets all connections there are; new ones pass. */
  void cut() {
    links.forEach(Link::reset);
  }

  /** Resets all connections, new ones too, until it is healed. */
  void refuse() {
    synchronized (gate) {
      refusing = true;
      cut();
    }
  }

  /**
   * A black hole: what goes that way is taken and lost, and so is the end of a connection. The
   * other way is as before. New connections are made, as the machine behind them would.
   */
  void swallow(Direction direction) {
    synchronized (gate) {
      swallowing.add(direction);
    }
  }

  /** Holds back for that long whatever passes, chunk by chunk and in order. */
  void delay(Duration duration) {
    delay = duration;
  }

  /** Carries no more than that, on each connection each way. */
  void narrow(long bytesPerSecondOnly) {
    bytesPerSecond = bytesPerSecondOnly;
  }

  /**
   * Back to passing. Connections that have lost something are reset: what TCP promises is all or an
   * error. Traps stay.
   */
  void heal() {
    synchronized (gate) {
      refusing = false;
      swallowing.clear();
      delay = Duration.ZERO;
      bytesPerSecond = Long.MAX_VALUE;
      links.stream().filter(Link::isTorn).forEach(Link::reset);
    }
  }

  /** Before the broker hears of the {@code nth} such request from now on. */
  ArmedTrap onKafkaRequest(int apiKey, int nth, Trap trap) {
    return arm(new KafkaWire.Request(apiKey)::equals, nth, trap);
  }

  /** When the broker has done it, before the client hears of it. */
  ArmedTrap onKafkaResponse(int apiKey, int nth, Trap trap) {
    return arm(new KafkaWire.Response(apiKey)::equals, nth, trap);
  }

  /** Before the server executes a statement in whose text {@code sql} is found. */
  ArmedTrap onStatement(Pattern sql, int nth, Trap trap) {
    return arm(
        about ->
            about instanceof PostgresWire.Statement statement
                && sql.matcher(statement.sql()).find(),
        nth,
        trap);
  }

  /** When the server has done such a statement, before the client hears that it is done. */
  ArmedTrap onStatementResult(Pattern sql, int nth, Trap trap) {
    return arm(
        about -> about instanceof PostgresWire.Result result && sql.matcher(result.sql()).find(),
        nth,
        trap);
  }

  private ArmedTrap arm(Predicate<Object> subject, int nth, Trap trap) {
    ArmedTrap armed = new ArmedTrap(subject, nth, trap);
    traps.add(armed);
    return armed;
  }

  /** How many connections there are. */
  int connections() {
    return links.size();
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        threads.execute(() -> lead(client));
      } catch (IOException e) {
        // closed; or a client that was gone before it was let in
      }
    }
  }

  private void lead(Socket client) {
    Link link = new Link(client, new Socket(), wire.begin(), this);
    synchronized (gate) {
      links.add(link);
      if (refusing) {
        link.reset();
      }
    }
    link.run(upstream, threads);
  }

  void ended(Link link) {
    links.remove(link);
  }

  Duration delay() {
    return delay;
  }

  /** How long that many bytes are under way. */
  Duration transfer(int bytes) {
    return Duration.ofNanos((long) (1e9 * bytes / bytesPerSecond));
  }

  List<ArmedTrap> due(Wire.Message message) {
    return traps.stream()
        .filter(trap -> message.subjects().stream().anyMatch(trap::isDue))
        .toList();
  }

  /** Whether what {@code link} would forward is lost, which then is noted of it. */
  boolean swallows(Link link, Direction direction) {
    synchronized (gate) {
      boolean lost = swallowing.contains(direction);
      if (lost) {
        link.tear();
      }
      return lost;
    }
  }

  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    refuse();
    threads.shutdown();
  }
}
