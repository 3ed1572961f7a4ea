package dev.lapse.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.apache.kafka.common.errors.TransactionalIdNotFoundException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.junit.jupiter.api.Test;

class TransactionProtocolTest {

  @Test
  void tellsBrokersWithoutTransactions() {
    assertThat(
            TransactionProtocol.refusal(
                new UnsupportedVersionException("The version of API is not supported.")))
        .contains("The version of API is not supported.");
  }

  @Test
  void doesNotTakeOthersForSuch() {
    assertThat(
            TransactionProtocol.refusal(
                new UnsupportedVersionException("The node does not support DESCRIBE_TRANSACTIONS")))
        .isEmpty();
    assertThat(TransactionProtocol.refusal(new TransactionalIdNotFoundException("x"))).isEmpty();
    assertThat(TransactionProtocol.refusal(new TransactionalIdAuthorizationException("x")))
        .isEmpty();
  }
}
