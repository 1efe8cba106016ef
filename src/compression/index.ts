/** Compressed streams. */
export { type Compression, compressionOf, decompress, MAGIC_BYTES, peek } from './compression.ts';
