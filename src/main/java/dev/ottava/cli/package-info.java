/** The command line: {@code ottava train | eval | generate | plan | doctor | demo}. */
package dev.ottava.cli;
