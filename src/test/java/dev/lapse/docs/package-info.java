/** That the documents are readable, complete and true to the code. */
@NullMarked
package dev.lapse.docs;

import org.jspecify.annotations.NullMarked;
