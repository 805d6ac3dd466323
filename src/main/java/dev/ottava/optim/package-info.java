/** Optimizers: each takes a parameter and its complete gradient, and changes the parameter. */
package dev.ottava.optim;
