/** google.rpc.Status and the detail that the newest agent is given when there is nothing for it to do. */
import { blob, int32, many, message, one, text } from '../protobuf/message.ts';

const Any = message('Any', { type_url: text(1), value: blob(2) });
export const Status = message('Status', { code: int32(1), message: text(2), details: many(one(3, Any)) });

const Violation = message('PreconditionFailure.Violation', { type: text(1), subject: text(2), description: text(3) });
export const PreconditionFailure = message('PreconditionFailure', { violations: many(one(1, Violation)) });
