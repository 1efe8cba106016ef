/** Keeps secrets out of what is shown, sent and stored. Pure. */
const MASK = '********';

/**
 * A function that puts a mask in the place of every secret, of each of its lines, and of its base64 forms.
 * @param secrets as they were given; longer ones are masked first, since one may be part of another
 */
export function masker(secrets: readonly string[]): (text: string) => string {
  const hidden = hiddenTexts(secrets);
  if (hidden.length === 0) return (text) => text;
  const pattern = patternOf(hidden);
  return (text) => text.replace(pattern, MASK);
}

/**
 * Where a text whose rest is still to come can be cut, so that no secret is in both parts: before the longest end of it
 * that a secret begins with, and never within a secret that is there already.
 */
export function safeCut(secrets: readonly string[]): (text: string) => number {
  const hidden = hiddenTexts(secrets);
  if (hidden.length === 0) return (text) => text.length;
  const pattern = patternOf(hidden);
  const longest = hidden[0]?.length ?? 0;
  return (text) => {
    let cut = Math.max(0, text.length - longest + 1);
    while (cut < text.length && !hidden.some((secret) => secret.startsWith(text.slice(cut)))) cut += 1;
    for (const { index, 0: found } of text.matchAll(pattern)) {
      if (index < cut && cut < index + found.length) cut = index + found.length;
    }
    return cut;
  };
}

/** Every text to be hidden, the longest first. */
function hiddenTexts(secrets: readonly string[]): string[] {
  const hidden = secrets.flatMap((secret) => [secret, ...linesOf(secret), ...base64Of(secret)]).filter(Boolean);
  return [...new Set(hidden)].sort((a, b) => b.length - a.length);
}

const patternOf = (hidden: readonly string[]): RegExp =>
  new RegExp(hidden.map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'), 'g');

/** Output comes line by line: a secret of several lines never comes whole. Lines that say nothing are not secret. */
function linesOf(secret: string): string[] {
  const lines = secret.split(/\r?\n/).map((line) => line.trim());
  return lines.length > 1 ? lines.filter((line) => line.length >= 8) : [];
}

function base64Of(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [bytes.toString('base64').replace(/=+$/, ''), bytes.toString('base64url')];
}
