package dev.lapse.fault;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Each fault happens, at the moment it should, and ends when it should. */
class TcpProxyTest {

  private static final Duration PATIENCE = Duration.ofMinutes(1);

  /** In which nothing arrives that should not. */
  private static final int SILENCE = 100;

  private final List<AutoCloseable> opened = new ArrayList<>();
  private final Peer server = new Peer();
  private TcpProxy proxy = opened(TcpProxy.raw(TcpProxy.local(server.port())));

  @AfterEach
  void closeEverything() throws Exception {
    for (AutoCloseable each : opened) {
      each.close();
    }
  }

  @Test
  void passesBytesAndEndsBothWays() throws Exception {
    Socket client = connect();
    Socket service = server.accept();

    client.getOutputStream().write("there".getBytes(UTF_8));
    service.getOutputStream().write("back".getBytes(UTF_8));
    client.shutdownOutput();

    assertThat(service.getInputStream().readAllBytes()).asString(UTF_8).isEqualTo("there");
    service.close();
    assertThat(client.getInputStream().readAllBytes()).asString(UTF_8).isEqualTo("back");
  }

  @Test
  void cutResetsWhatIsThereAndLetsNewOnesPass() throws Exception {
    Socket client = connect();
    Socket service = server.accept();

    proxy.cut();

    assertReset(client);
    assertReset(service);
    assertPasses(connect(), server.accept());
  }

  @Test
  void refusesUntilItIsHealed() throws Exception {
    Socket client = connect();
    Socket service = server.accept();

    proxy.refuse();

    assertReset(client);
    assertReset(service);
    assertReset(connect());
    proxy.heal();
    assertPasses(connect(), server.accept());
  }

  @Test
  void leadsNewConnectionsElsewhereAndLeavesOldOnes() throws Exception {
    Socket old = connect();
    Socket oldService = server.accept();
    Peer other = new Peer();

    proxy.leadTo(TcpProxy.local(other.port()));

    assertPasses(connect(), other.accept());
    assertPasses(old, oldService);
  }

  @Test
  void resetsAClientWhoseServerIsAway() throws Exception {
    server.close();

    assertReset(connect());
  }

  @Test
  void swallowsOneWayAndNotTheOther() throws Exception {
    Socket client = connect();
    Socket service = server.accept();

    proxy.swallow(Direction.TO_SERVER);
    client.getOutputStream().write("lost".getBytes(UTF_8));

    assertSilent(service);
    assertReaches(service, client, "answer");
  }

  @Test
  void swallowsTheEndOfAConnectionToo() throws Exception {
    Socket client = connect();
    Socket service = server.accept();
    assertPasses(client, service);

    proxy.swallow(Direction.TO_SERVER);
    client.setSoLinger(true, 0);
    client.close();

    assertSilent(service);
    proxy.heal();
    assertReset(service);
  }

  @Test
  void swallowsBothWaysAndNeverGoesOnWithATornStream() throws Exception {
    Socket torn = connect();
    Socket tornService = server.accept();
    Socket idle = connect();
    Socket idleService = server.accept();

    proxy.swallow(Direction.TO_SERVER);
    proxy.swallow(Direction.TO_CLIENT);
    torn.getOutputStream().write("lost".getBytes(UTF_8));
    assertSilent(tornService);
    proxy.heal();

    assertReset(torn);
    assertReset(tornService);
    assertPasses(idle, idleService);
  }

  @Test
  void delaysAndKeepsTheOrder() throws Exception {
    Socket client = connect();
    Socket service = server.accept();
    proxy.delay(Duration.ofMillis(150));
    long start = System.nanoTime();

    client.getOutputStream().write("a".getBytes(UTF_8));
    client.getOutputStream().write("bc".getBytes(UTF_8));

    assertThat(service.getInputStream().readNBytes(3)).asString(UTF_8).isEqualTo("abc");
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(149));
  }

  @Test
  void carriesNoMoreThanItMay() throws Exception {
    Socket client = connect();
    Socket service = server.accept();
    proxy.narrow(100_000);
    long start = System.nanoTime();

    client.getOutputStream().write(new byte[20_000]);

    assertThat(service.getInputStream().readNBytes(20_000)).hasSize(20_000);
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(199));
    proxy.heal();
    assertPasses(client, service);
  }

  @Test
  void springsOnTheNthRequestOfAnApiBeforeTheBrokerHasIt() throws Exception {
    proxy = opened(TcpProxy.kafka(TcpProxy.local(server.port())));
    Socket client = connect();
    Socket service = server.accept();
    ArmedTrap trap = proxy.onKafkaRequest(KafkaWire.END_TXN, 2, Trap.CUT);

    byte[] passing =
        bytes(
            request(KafkaWire.END_TXN, 1),
            request(KafkaWire.PRODUCE, 2, "payload".getBytes(UTF_8)));
    client.getOutputStream().write(bytes(passing, request(KafkaWire.END_TXN, 3)));

    assertThat(service.getInputStream().readNBytes(passing.length)).isEqualTo(passing);
    trap.await(PATIENCE);
    assertReset(service);
    assertReset(client);
  }

  @Test
  void springsOnTheResponseOfAnApiAndForwardsItThen() throws Exception {
    proxy = opened(TcpProxy.kafka(TcpProxy.local(server.port())));
    Socket client = connect();
    Socket service = server.accept();
    AtomicInteger seenByClient = new AtomicInteger(-1);
    ArmedTrap trap =
        proxy.onKafkaResponse(
            KafkaWire.END_TXN, 1, Trap.first(() -> seenByClient.set(available(client))));
    client
        .getOutputStream()
        .write(bytes(request(KafkaWire.PRODUCE, 7), request(KafkaWire.END_TXN, 8)));
    service.getInputStream().readNBytes(2 * request(0, 0).length);

    byte[] first = response(7);
    service.getOutputStream().write(first);
    assertThat(client.getInputStream().readNBytes(first.length)).isEqualTo(first);
    assertThat(trap.hasSprung()).isFalse();
    service.getOutputStream().write(response(8));

    trap.await(PATIENCE);
    assertThat(seenByClient).hasValue(0);
    assertThat(client.getInputStream().readNBytes(first.length)).isEqualTo(response(8));
  }

  @Test
  void springsOnAStatementThatWasNamedBeforeEachTimeItIsBound() throws Exception {
    proxy = opened(TcpProxy.postgres(TcpProxy.local(server.port())));
    Socket client = connect();
    Socket service = server.accept();
    shakeHands(client, service);
    byte[] first =
        bytes(typed('P', "S_1\0UPDATE t\0\0\0"), typed('B', "\0S_1\0"), typed('E', "\0\0\0\0\0"));
    client.getOutputStream().write(first);
    assertThat(service.getInputStream().readNBytes(first.length)).isEqualTo(first);
    ArmedTrap other = proxy.onStatement(Pattern.compile("DELETE"), 1, Trap.CUT);
    ArmedTrap trap = proxy.onStatement(Pattern.compile("UPDATE"), 1, Trap.CUT);

    byte[] passing = bytes(typed('P', "\0SELECT 1\0\0\0"), typed('B', "\0\0"));
    client.getOutputStream().write(bytes(passing, typed('B', "\0S_1\0")));

    assertThat(service.getInputStream().readNBytes(passing.length)).isEqualTo(passing);
    trap.await(PATIENCE);
    assertReset(client);
    assertReset(service);
    assertThat(other.hasSprung()).isFalse();
  }

  @Test
  void springsOnASimpleQuery() throws Exception {
    proxy = opened(TcpProxy.postgres(TcpProxy.local(server.port())));
    Socket client = connect();
    Socket service = server.accept();
    shakeHands(client, service);
    ArmedTrap trap = proxy.onStatement(Pattern.compile("^COMMIT"), 1, Trap.CUT);

    client.getOutputStream().write(typed('Q', "COMMIT\0"));

    trap.await(PATIENCE);
    assertReset(service);
  }

  @Test
  void springsOnAResultWhenTheServerIsDone() throws Exception {
    proxy = opened(TcpProxy.postgres(TcpProxy.local(server.port())));
    Socket client = connect();
    Socket service = server.accept();
    shakeHands(client, service);
    ArmedTrap trap = proxy.onStatementResult(Pattern.compile("UPDATE"), 1, Trap.CUT);
    byte[] select = typed('Q', "SELECT 1\0");
    byte[] update = typed('Q', "UPDATE t\0");
    byte[] ready = typed('Z', "I");

    client.getOutputStream().write(select);
    service.getOutputStream().write(ready);
    assertThat(client.getInputStream().readNBytes(ready.length)).isEqualTo(ready);
    client.getOutputStream().write(update);
    service.getInputStream().readNBytes(select.length + update.length);
    byte[] complete = typed('C', "UPDATE 1\0");
    service.getOutputStream().write(complete);
    assertThat(client.getInputStream().readNBytes(complete.length)).isEqualTo(complete);
    assertThat(trap.hasSprung()).isFalse();
    service.getOutputStream().write(ready);

    trap.await(PATIENCE);
    assertReset(client);
    assertReset(service);
  }

  /** Asks for TLS, is told no, and is let in. */
  private static void shakeHands(Socket client, Socket service) throws IOException {
    byte[] tls = ByteBuffer.allocate(8).putInt(8).putInt(80877103).array();
    client.getOutputStream().write(tls);
    assertThat(service.getInputStream().readNBytes(8)).isEqualTo(tls);
    service.getOutputStream().write('N');
    assertThat(client.getInputStream().read()).isEqualTo('N');
    byte[] startup = ByteBuffer.allocate(9).putInt(9).putInt(196608).array();
    client.getOutputStream().write(startup);
    assertThat(service.getInputStream().readNBytes(9)).isEqualTo(startup);
    byte[] welcome = bytes(typed('R', "\0\0\0\0"), typed('Z', "I"));
    service.getOutputStream().write(welcome);
    assertThat(client.getInputStream().readNBytes(welcome.length)).isEqualTo(welcome);
  }

  private static byte[] typed(char type, String body) {
    byte[] text = body.getBytes(UTF_8);
    return ByteBuffer.allocate(5 + text.length)
        .put((byte) type)
        .putInt(4 + text.length)
        .put(text)
        .array();
  }

  private static byte[] request(int apiKey, int correlationId, byte... payload) {
    return ByteBuffer.allocate(12 + payload.length)
        .putInt(8 + payload.length)
        .putShort((short) apiKey)
        .putShort((short) 1)
        .putInt(correlationId)
        .put(payload)
        .array();
  }

  private static byte[] response(int correlationId) {
    return ByteBuffer.allocate(8).putInt(4).putInt(correlationId).array();
  }

  private static byte[] bytes(byte[]... parts) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.write(part);
    }
    return all.toByteArray();
  }

  private static void assertPasses(Socket client, Socket service) throws IOException {
    assertReaches(client, service, "there");
    assertReaches(service, client, "back");
  }

  private static void assertReaches(Socket from, Socket to, String text) throws IOException {
    from.getOutputStream().write(text.getBytes(UTF_8));
    byte[] received = new byte[text.length()];
    new DataInputStream(to.getInputStream()).readFully(received);
    assertThat(received).asString(UTF_8).isEqualTo(text);
  }

  private static void assertSilent(Socket socket) throws IOException {
    socket.setSoTimeout(SILENCE);
    assertThatThrownBy(() -> socket.getInputStream().read())
        .isInstanceOf(SocketTimeoutException.class);
    socket.setSoTimeout((int) PATIENCE.toMillis());
  }

  private static void assertReset(Socket socket) {
    assertThatThrownBy(() -> socket.getInputStream().read())
        .isInstanceOf(SocketException.class)
        .hasMessageContaining("reset");
  }

  private static int available(Socket socket) {
    try {
      return socket.getInputStream().available();
    } catch (IOException e) {
      return -1;
    }
  }

  private Socket connect() throws IOException {
    Socket socket = opened(new Socket(InetAddress.getLoopbackAddress(), proxy.port()));
    socket.setSoTimeout((int) PATIENCE.toMillis());
    socket.setTcpNoDelay(true);
    return socket;
  }

  private <T extends AutoCloseable> T opened(T closeable) {
    opened.add(closeable);
    return closeable;
  }

  /** A server that the test plays itself. */
  private final class Peer {

    private final ServerSocket listener;

    Peer() {
      try {
        listener = opened(new ServerSocket(0, 10, InetAddress.getLoopbackAddress()));
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }

    int port() {
      return listener.getLocalPort();
    }

    Socket accept() throws IOException {
      listener.setSoTimeout((int) PATIENCE.toMillis());
      Socket socket = opened(listener.accept());
      socket.setSoTimeout((int) PATIENCE.toMillis());
      socket.setTcpNoDelay(true);
      return socket;
    }

    void close() throws IOException {
      listener.close();
    }
  }
}
