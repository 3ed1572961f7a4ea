package dev.lapse.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * A port behind which a server seems to be further away: each byte arrives later, and as many
 * arrive in a second as without it. Half of the round trip is added each way.
 */
final class Distance implements AutoCloseable {

  /**
   * Chunks on their way, of 64 KB at most: more than a link of 10 ms carries at a gigabyte a
   * second.
   */
  private static final int CHUNKS = 200;

  private final ServerSocket listener = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
  private final int port;
  private final long delay;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final ExecutorService threads =
      Executors.newCachedThreadPool(
          task -> {
            Thread thread = new Thread(task, "distance");
            thread.setDaemon(true);
            return thread;
          });

  @SuppressWarnings("ArrayRecordComponent") // never compared by its bytes
  private record Chunk(byte[] bytes, long due) {
    static final Chunk END = new Chunk(new byte[0], 0);
  }

  /**
   * @param port of the server, on the loopback interface
   * @param roundTrip what it adds to one
   */
  Distance(int port, Duration roundTrip) throws IOException {
    this.port = port;
    this.delay = roundTrip.toNanos() / 2;
    threads.execute(this::accept);
  }

  int port() {
    return listener.getLocalPort();
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        Socket server = new Socket();
        sockets.add(client);
        sockets.add(server);
        server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        client.setTcpNoDelay(true);
        server.setTcpNoDelay(true);
        carry(client, server);
        carry(server, client);
      } catch (IOException e) {
        // closed, or a server that is gone
      }
    }
  }

  private void carry(Socket from, Socket to) {
    BlockingQueue<Chunk> way = new ArrayBlockingQueue<>(CHUNKS);
    threads.execute(() -> depart(from, way));
    threads.execute(() -> arrive(way, to, from));
  }

  private void depart(Socket from, BlockingQueue<Chunk> way) {
    byte[] buffer = new byte[64 * 1024];
    try {
      InputStream in = from.getInputStream();
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        way.put(new Chunk(Arrays.copyOf(buffer, read), System.nanoTime() + delay));
      }
    } catch (IOException e) {
      // ended, like at its end
    } catch (InterruptedException e) {
      return;
    }
    try {
      way.put(Chunk.END);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void arrive(BlockingQueue<Chunk> way, Socket to, Socket from) {
    try {
      OutputStream out = to.getOutputStream();
      for (Chunk chunk = way.take(); chunk.bytes().length > 0; chunk = way.take()) {
        TimeUnit.NANOSECONDS.sleep(chunk.due() - System.nanoTime());
        out.write(chunk.bytes());
      }
      to.shutdownOutput();
    } catch (IOException | InterruptedException e) {
      close(from); // so that the other end learns of it
      close(to);
    }
  }

  private void close(Socket socket) {
    sockets.remove(socket);
    try {
      socket.close();
    } catch (IOException e) {
      // gone in any case
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    sockets.forEach(this::close);
    threads.shutdownNow();
  }
}
