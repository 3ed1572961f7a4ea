package dev.lapse.fault;

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Kafka's framing: a length of four bytes; a request then names its API and a correlation id, which
 * the response repeats.
 */
final class KafkaWire implements Wire.Conversation {

  static final int PRODUCE = 0;
  static final int INIT_PRODUCER_ID = 22;
  static final int ADD_PARTITIONS_TO_TXN = 24;
  static final int END_TXN = 26;

  private static final int MAX_FRAME = 128 << 20;

  private final Map<Integer, Integer> apiKeys = new ConcurrentHashMap<>();

  @Override
  public Wire.Message read(Direction direction, DataInputStream in) throws IOException {
    int length = in.readInt();
    if (length < 4 || length > MAX_FRAME) {
      throw new IOException("not a Kafka frame: length=" + length);
    }
    ByteBuffer frame = ByteBuffer.allocate(4 + length).putInt(0, length);
    in.readFully(frame.array(), 4, length);
    return new Wire.Message(
        frame, direction == Direction.TO_SERVER ? request(frame) : response(frame));
  }

  private List<Object> request(ByteBuffer frame) {
    int apiKey = frame.getShort(4);
    apiKeys.put(frame.getInt(8), apiKey);
    return List.of(new Request(apiKey));
  }

  private List<Object> response(ByteBuffer frame) {
    Integer apiKey = apiKeys.remove(frame.getInt(4));
    return apiKey == null ? List.of() : List.of(new Response(apiKey));
  }

  record Request(int apiKey) {}

  record Response(int apiKey) {}
}
