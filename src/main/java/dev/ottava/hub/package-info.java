/** Hugging Face directories: configuration, safetensors and tokenizer. */
package dev.ottava.hub;
