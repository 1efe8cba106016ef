/**
 * `/proto.WorkflowService/ReportActionStatus` is two calls under one name: that of the workers of Tinkerbell 0.9 to 0.12,
 * and that of the newest agent. Which one a request is, its fields tell: where the old one has a number the new one has
 * text, or the other way round. Pure.
 */
import { rawFields, VARINT } from './protobuf/wire.ts';

/** `slim`: of the workers of 0.9 to 0.12. `newest`: of the newest agent. */
export type Dialect = 'slim' | 'newest';

/**
 * Tells the dialect of a report by the first field that differs. One without any such field is a slim report of
 * STATE_PENDING, 0 seconds and no message: a newest one always has the id of its action.
 * @throws MalformedMessage
 */
export function dialectOf(report: Buffer): Dialect {
  for (const { number, wire } of rawFields(report)) {
    const isNumber = wire === VARINT;
    switch (number) {
      // Slim action_status and seconds, newest action_id and action_name.
      case 4:
      case 5:
        return isNumber ? 'slim' : 'newest';
      // Slim message, newest action_state.
      case 6:
        return isNumber ? 'newest' : 'slim';
      // Newest execution_duration and message; slim ends at 8.
      case 9:
      case 10:
        return 'newest';
    }
  }
  return 'slim';
}
