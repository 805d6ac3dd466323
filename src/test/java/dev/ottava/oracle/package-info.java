/** What the operations mean: their formulas in {@code double}, written plainly, which the kernels of every device are compared with. */
package dev.ottava.oracle;
