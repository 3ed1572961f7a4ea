package dev.lapse.fault;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** One connection through a {@link TcpProxy}: two sockets, and a thread for each direction. */
final class Link {

  private final Socket client;
  private final Socket server;
  private final Wire.Conversation conversation;
  private final TcpProxy proxy;
  private final AtomicInteger open = new AtomicInteger(2);
  private volatile boolean torn;

  Link(Socket client, Socket server, Wire.Conversation conversation, TcpProxy proxy) {
    this.client = client;
    this.server = server;
    this.conversation = conversation;
    this.proxy = proxy;
  }

  /** Returns when nothing goes to the server any more. */
  void run(InetSocketAddress upstream, ExecutorService threads) {
    try {
      server.connect(upstream);
      client.setTcpNoDelay(true);
      server.setTcpNoDelay(true);
      threads.execute(() -> pump(Direction.TO_CLIENT, server, client));
    } catch (IOException | RejectedExecutionException e) {
      reset();
      return;
    }
    pump(Direction.TO_SERVER, client, server);
  }

  private void pump(Direction direction, Socket from, Socket to) {
    try {
      DataInputStream in = new DataInputStream(new BufferedInputStream(from.getInputStream()));
      OutputStream out = new BufferedOutputStream(to.getOutputStream());
      while (true) {
        Wire.Message message;
        try {
          message = conversation.read(direction, in);
        } catch (EOFException e) {
          end(direction, to);
          return;
        } catch (IOException | RuntimeException e) {
          broken(direction);
          return;
        }
        if (!passes(message, direction, out)) {
          continue;
        }
        byte[] bytes = message.bytes().array();
        hold(proxy.transfer(bytes.length));
        out.write(bytes);
        if (in.available() == 0) {
          hold(proxy.delay());
          out.flush();
        }
      }
    } catch (IOException e) {
      broken(direction.opposite());
    } catch (RuntimeException | Error e) { // of a trap
      reset();
      throw e;
    }
  }

  private boolean passes(Wire.Message message, Direction direction, OutputStream out)
      throws IOException {
    if (proxy.swallows(this, direction)) {
      return false;
    }
    for (ArmedTrap trap : proxy.due(message)) {
      out.flush(); // what came before it has passed
      try {
        if (trap.spring() == Trap.Verdict.CUT) {
          reset();
          return false; // and the next read ends the thread
        }
      } finally {
        trap.done();
      }
    }
    return !proxy.swallows(this, direction); // a trap may have brought that about
  }

  private static void hold(Duration duration) throws IOException {
    try {
      TimeUnit.NANOSECONDS.sleep(duration.toNanos());
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  private void end(Direction direction, Socket to) throws IOException {
    if (proxy.swallows(this, direction)) {
      return;
    }
    to.shutdownOutput();
    if (open.decrementAndGet() == 0) {
      proxy.ended(this);
      client.close();
      server.close();
    }
  }

  /** That one side is gone is news to the other, which a black hole swallows as well. */
  private void broken(Direction news) {
    if (!proxy.swallows(this, news)) {
      reset();
    }
  }

  /** Both sides hear of it at once, and what is under way is lost. */
  void reset() {
    proxy.ended(this);
    reset(client);
    reset(server);
  }

  private static void reset(Socket socket) {
    try {
      socket.setSoLinger(true, 0);
    } catch (IOException e) {
      // not connected yet, or closed already
    }
    try {
      socket.close();
    } catch (IOException e) {
      // gone in any case
    }
  }

  /** Notes that something is lost which it should have carried. */
  void tear() {
    torn = true;
  }

  boolean isTorn() {
    return torn;
  }
}
