package dev.lapse.fault;

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * PostgreSQL's framing: a type of one byte and a length of four, but for what a client says before
 * it is let in. A statement is named once and bound often, so its text is remembered.
 */
final class PostgresWire implements Wire.Conversation {

  private static final int SSL_REQUEST = 80877103;
  private static final int GSS_REQUEST = 80877104;
  private static final int MAX_MESSAGE = 1 << 30;

  private final Map<String, String> statements = new ConcurrentHashMap<>();
  private final Queue<Object> running = new ConcurrentLinkedQueue<>();
  private boolean started; // of the client's thread alone
  private volatile boolean answerIsOneByte;

  @Override
  public Wire.Message read(Direction direction, DataInputStream in) throws IOException {
    return direction == Direction.TO_SERVER ? fromClient(in) : fromServer(in);
  }

  private Wire.Message fromClient(DataInputStream in) throws IOException {
    if (!started) {
      return startup(in);
    }
    ByteBuffer message = typed(in.readByte(), in);
    String sql =
        switch (message.get(0)) {
          case 'P' -> {
            statements.put(text(message.position(5)), text(message));
            yield null;
          }
          case 'B' -> {
            text(message.position(5)); // the portal's name
            yield statements.get(text(message));
          }
          case 'Q' -> text(message.position(5));
          default -> null;
        };
    if (sql == null) {
      return new Wire.Message(message, List.of());
    }
    running.add(new Result(sql));
    return new Wire.Message(message, List.of(new Statement(sql)));
  }

  private Wire.Message startup(DataInputStream in) throws IOException {
    ByteBuffer message = rest(0, in);
    int code = message.getInt(4);
    answerIsOneByte = code == SSL_REQUEST || code == GSS_REQUEST;
    started = !answerIsOneByte;
    return new Wire.Message(message, List.of());
  }

  /**
   * Results are due at {@code ReadyForQuery}: the transaction of a statement outside any is
   * committed only then, and a driver reports nothing before.
   */
  private Wire.Message fromServer(DataInputStream in) throws IOException {
    byte type = in.readByte();
    if (answerIsOneByte) {
      answerIsOneByte = false;
      if (type != 'N') {
        throw new IOException("cannot read what is encrypted: turn TLS off");
      }
      return new Wire.Message(ByteBuffer.wrap(new byte[] {type}), List.of());
    }
    ByteBuffer message = typed(type, in);
    return new Wire.Message(message, type == 'Z' ? results() : List.of());
  }

  private List<Object> results() {
    List<Object> results = List.copyOf(running);
    running.removeAll(results);
    return results;
  }

  private static ByteBuffer typed(byte type, DataInputStream in) throws IOException {
    return rest(1, in).put(0, type);
  }

  /** A message from its length on, which counts itself, with room for what comes before it. */
  private static ByteBuffer rest(int before, DataInputStream in) throws IOException {
    int length = in.readInt();
    if (length < 4 || length > MAX_MESSAGE) {
      throw new IOException("not a PostgreSQL message: length=" + length);
    }
    ByteBuffer message = ByteBuffer.allocate(before + length).putInt(before, length);
    in.readFully(message.array(), before + 4, length - 4);
    return message;
  }

  /** Reads up to the next zero. */
  private static String text(ByteBuffer message) {
    int end = message.position();
    while (message.get(end) != 0) {
      end++;
    }
    byte[] text = new byte[end - message.position()];
    message.get(text).get();
    return new String(text, StandardCharsets.UTF_8);
  }

  record Statement(String sql) {}

  record Result(String sql) {}
}
