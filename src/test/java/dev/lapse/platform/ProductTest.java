package dev.lapse.platform;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProductTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          CockroachDB CCL v24.1.0 (x86_64-pc-linux-gnu, built 2024/05/15)          | CockroachDB
          PostgreSQL 11.2-YB-2.18.0.0-b0 on x86_64-pc-linux-gnu, 64-bit            | YugabyteDB
          PostgreSQL 15.2-YB-2025.1.0.0-b0 on x86_64-pc-linux-gnu, 64-bit          | YugabyteDB
          PostgreSQL 8.0.2 on i686-pc-linux-gnu, GCC 3.4.2, Redshift 1.0.73348     | Amazon Redshift
          PostgreSQL 12.12 (Greenplum Database 7.0.0 build commit:x) on x86_64     | Greenplum
          PostgreSQL 9.5.0 on x86_64 (Materialize 0.80.0)                          | Materialize
          Something 1.0                                                            | "Something 1.0"
          """)
  void refusesByName(String version, String name) {
    assertThat(Product.refusal(version).orElseThrow().what())
        .isEqualTo("The database is %s, which Lapse does not support.", name);
  }

  @Test
  void takesPostgresHoweverItIsBuilt() {
    assertThat(Product.refusal("PostgreSQL 17.5 (Debian 17.5-1.pgdg120+1) on aarch64")).isEmpty();
    assertThat(Product.refusal("PostgreSQL 16.2 (EnterpriseDB Advanced Server 16.2.0)")).isEmpty();
  }
}
