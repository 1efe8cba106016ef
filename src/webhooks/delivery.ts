/** One delivery: one POST, and what became of it. */
import { messageOf } from '../errors.ts';
import { VERSION } from '../version.ts';
import { sign } from './signature.ts';

/** What is posted. */
export interface Delivery {
  /** Goes into `tinsmith-event`. */
  kind: string;
  /** Goes into `tinsmith-delivery`: the same whenever the same is delivered again. */
  id: string;
  /** JSON */
  body: string;
}

/** What came of it; `error` is said to people. */
export type Outcome = { delivered: true; status: number } | { delivered: false; status?: number; error: string };

/**
 * Posts it. Any answer of 200 to 299 is a success; redirections are not followed, since the signature is meant for the
 * one who was named. Never rejects.
 * @param seconds since 1970
 * @param limit ms
 */
export async function deliver(
  { url, secret }: { url: string; secret: string },
  { kind, id, body }: Delivery,
  { seconds, limit, signal }: { seconds: number; limit: number; signal: AbortSignal },
): Promise<Outcome> {
  const timeout = AbortSignal.timeout(limit);
  try {
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        'content-type': 'application/json',
        'user-agent': `tinsmith/${VERSION}`,
        'tinsmith-event': kind,
        'tinsmith-delivery': id,
        'tinsmith-signature': sign(secret, body, seconds),
      },
      body,
      signal: AbortSignal.any([signal, timeout]),
    });
    const { status } = response;
    await response.body?.cancel().catch(() => {});
    if (response.ok) return { delivered: true, status };
    const redirected = status >= 300 && status < 400;
    return { delivered: false, status, error: `it answered ${status}${redirected ? ', and is not followed' : ''}` };
  } catch (error) {
    if (timeout.aborted) return { delivered: false, error: `it did not answer within ${limit / 1000} s` };
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return { delivered: false, error: messageOf(cause) || 'it could not be reached' };
  }
}
