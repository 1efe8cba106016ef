/** Files over HTTP: what to send for a request, decided without sockets. */
export { type Answer, answer } from './answer.ts';
export { conditional, parseRange, type Range, rangeApplies } from './preconditions.ts';
export {
  decodeSending,
  encodeSending,
  etagOf,
  type FileSegment,
  fileSegment,
  lastModifiedOf,
  type Segment,
  type Sending,
  sendingLength,
  sliceSegments,
  wholeFile,
} from './sending.ts';
