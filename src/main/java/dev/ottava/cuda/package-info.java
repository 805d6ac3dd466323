/**
 * NVIDIA's libraries through the presets of {@code org.bytedeco:cuda}, an optional jar. Beside {@code binding}, and like it the only one that knows JavaCPP's types;
 * {@link dev.ottava.cuda.CublasLt#available()} says on every machine, without an error, whether they can be used. Not public API.
 */
package dev.ottava.cuda;
