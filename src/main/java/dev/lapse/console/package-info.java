/**
 * What a person looks at: the console's page, and the life of one approval. It reads, within
 * bounds, what the other packages write.
 */
@NullMarked
package dev.lapse.console;

import org.jspecify.annotations.NullMarked;
