package dev.lapse.fault;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * How a protocol's bytes fall into messages, and what each is about. A message is the least that a
 * {@link Trap} can hold back.
 */
@FunctionalInterface
interface Wire {

  /** Bytes as they come, about nothing. */
  Wire RAW = () -> (direction, in) -> new Message(available(in), List.of());

  /** For a new connection, of which it may remember what it needs. */
  Conversation begin();

  /** Called by two threads, one for each direction. */
  interface Conversation {

    /**
     * Blocks until there is a message.
     *
     * @throws EOFException at the orderly end of that direction
     */
    Message read(Direction direction, DataInputStream in) throws IOException;
  }

  /**
   * @param bytes all of its array
   * @param subjects what it is about, for traps to recognise
   */
  record Message(ByteBuffer bytes, List<Object> subjects) {}

  /** What has come, at least a byte of it. */
  static ByteBuffer available(DataInputStream in) throws IOException {
    byte[] buffer = new byte[16 * 1024];
    int length = in.read(buffer);
    if (length < 0) {
      throw new EOFException();
    }
    return ByteBuffer.wrap(Arrays.copyOf(buffer, length));
  }
}
