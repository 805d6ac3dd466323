/**
 * A tape of coarse operations. Activations are freed after their last use; the gradient of a parameter is handed on the moment it is complete, and released.
 */
package dev.ottava.autograd;
