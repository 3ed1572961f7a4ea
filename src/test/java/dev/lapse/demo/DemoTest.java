package dev.lapse.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class DemoTest {

  @Test
  void isTheTestsOnlyMainClassSoThatTestRunFindsIt() {
    var tests =
        new ClassFileImporter()
            .withImportOption(new ImportOption.OnlyIncludeTests())
            .importPackages("dev.lapse");

    assertThat(tests)
        .filteredOn(candidate -> candidate.tryGetMethod("main", String[].class).isPresent())
        .extracting(JavaClass::getName)
        .containsExactly(Demo.class.getName());
  }
}
