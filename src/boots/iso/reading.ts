/**
 * How the parser of ISO images reads: it says where and how much, and is given the bytes, whoever reads them and however.
 * So it is pure, and works for those who may wait and for those who may not.
 */

/** Bytes that the parser needs. */
export interface Wanted {
  position: number;
  length: number;
}

/** Asks for bytes, one piece at a time, and comes to a result. */
export type Reading<T> = Generator<Wanted, T, Buffer>;

/** What is wrong with an image; the message goes behind "the image … ". */
export class IsoFault extends Error {}

/** The most that is read at once; also the largest directory. A thousand files take about 150 kB. */
export const READ_MAX = 16 << 20;

/** Reads at once. `read` gives as many bytes as it was asked for. @throws IsoFault, and what `read` throws */
export function readNow<T>(reading: Reading<T>, read: (wanted: Wanted) => Buffer): T {
  let step = reading.next();
  while (!step.done) step = reading.next(read(step.value));
  return step.value;
}

/** Reads as the bytes come. @throws IsoFault, and what `read` throws */
export async function readLater<T>(reading: Reading<T>, read: (wanted: Wanted) => Promise<Buffer>): Promise<T> {
  let step = reading.next();
  while (!step.done) step = reading.next(await read(step.value));
  return step.value;
}
