package dev.lapse.problem;

/**
 * Something about the database that keeps Lapse from doing its work, or from doing it well.
 *
 * @param what is the matter, in a sentence
 * @param why it matters, in a sentence
 * @param action the SQL that mends it, or the setting, ready to be run or set
 */
public record Problem(String what, String why, String action) {}
