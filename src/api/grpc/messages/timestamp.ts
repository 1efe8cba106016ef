/** google.protobuf.Timestamp */
import { int32, int64, type MessageOf, message } from '../protobuf/message.ts';

export const Timestamp = message('Timestamp', { seconds: int64(1), nanos: int32(2) });
export type Timestamp = MessageOf<typeof Timestamp>;

/** @param ms since 1970 */
export function timestamp(ms: number): Timestamp {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.round((ms - seconds * 1000) * 1e6) };
}
