/** Sizes as people write them. Pure. */

const POWERS: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4 };

/** Bytes, with Docker's and Kubernetes' units, all powers of 1024: `512m`, `512MiB`, `512Mi`, `536870912`. */
export function parseBytes(text: string): { value: number } | { problem: string } {
  const match = /^([0-9]+(?:\.[0-9]+)?) ?(?:([kmgt])(?:i?b|i)?|b)?$/i.exec(text);
  if (match === null) return { problem: `"${text}" is no size; write bytes, or a number with k, m or g, such as 512m` };
  const bytes = Math.floor(Number(match[1]) * 1024 ** (POWERS[(match[2] ?? '').toLowerCase()] ?? 0));
  return Number.isSafeInteger(bytes) ? { value: bytes } : { problem: `${text} is more than 2^53 bytes` };
}
