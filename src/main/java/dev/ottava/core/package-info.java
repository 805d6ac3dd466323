/** Devices, memory and tensors. */
package dev.ottava.core;
