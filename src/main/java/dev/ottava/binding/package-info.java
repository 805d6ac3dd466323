/** The JavaCPP binding of the C ABI. The only package, with {@code cuda}, that knows JavaCPP's types. Not public API. */
package dev.ottava.binding;
