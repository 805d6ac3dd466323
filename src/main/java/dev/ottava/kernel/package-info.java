/**
 * The operations: one method per function of the C ABI, shapes and dtypes checked here. Formulas, layouts and sources stand in the headers of
 * {@code native/include/ottava} and in the Javadoc of each method. Every operation writes into tensors that the caller allocated.
 */
package dev.ottava.kernel;
