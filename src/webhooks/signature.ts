import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * The header `tinsmith-signature`: `t=<seconds since 1970>,v1=<hex>`, the HMAC-SHA256 of `t.body` with the webhook's
 * secret. The time is signed too, so that what was once overheard cannot be sent again later.
 */
export function sign(secret: string, body: string, seconds: number): string {
  return `t=${seconds},v1=${macOf(secret, body, String(seconds)).toString('hex')}`;
}

/**
 * For receivers: whether a body was signed with the secret, no longer ago than `tolerance` (s).
 * @param header the value of `tinsmith-signature`
 * @param now seconds since 1970
 */
export function verify(
  { secret, body, header }: { secret: string; body: string; header: string },
  now: number,
  tolerance = 300,
): boolean {
  const [, time = '', hex = ''] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(header) ?? [];
  if (hex === '' || Math.abs(now - Number(time)) > tolerance) return false;
  return timingSafeEqual(Buffer.from(hex, 'hex'), macOf(secret, body, time));
}

function macOf(secret: string, body: string, time: string): Buffer {
  return createHmac('sha256', secret).update(`${time}.${body}`).digest();
}
