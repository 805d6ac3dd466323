/** Models: their configuration, parameters and forward pass. */
package dev.ottava.nn;
