/** Files over HTTP: what to send for a request, decided without sockets. */
export { type Answer, answer } from './answer.ts';
export { type CpioEntry, cpioSegments, osieInitrd, workerArchive } from './cpio.ts';
export { conditional, parseRange, type Range, rangeApplies } from './preconditions.ts';
export { type NotRooted, openRooted, openRootedHandle, type RootedFile, type RootedRefusal } from './rooted.ts';
export {
  decodeSending,
  encodeSending,
  etagOf,
  fileSegment,
  lastModifiedOf,
  type Segment,
  type Sending,
  sendingLength,
  sliceSegments,
} from './sending.ts';
