package dev.lapse.support;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/** Ports of this machine that nobody listens on. */
public final class Ports {

  /** Below those that systems give to outgoing connections, one of which may take it meanwhile. */
  private static final int FIRST = 15_000;

  private static final int LAST = 30_000;

  private Ports() {}

  /** One that stays free, most likely, until it is used, and while its user is restarted. */
  public static int free() {
    while (true) {
      int port = ThreadLocalRandom.current().nextInt(FIRST, LAST);
      try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        return socket.getLocalPort();
      } catch (IOException e) {
        // taken
      }
    }
  }
}
