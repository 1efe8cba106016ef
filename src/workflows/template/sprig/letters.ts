/** Letters as Go's `unicode` and `strings` packages see them. */

const SPACES = new Set(
  '\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000',
);

/** `unicode.IsSpace` */
export function isSpace(symbol: string | undefined): boolean {
  return symbol !== undefined && SPACES.has(symbol);
}

export function isUpper(symbol: string): boolean {
  return /^\p{Lu}$/u.test(symbol);
}

export function isLower(symbol: string): boolean {
  return /^\p{Ll}$/u.test(symbol);
}

export function isNumber(symbol: string): boolean {
  return /^\p{N}$/u.test(symbol);
}

export function isPunctuation(symbol: string): boolean {
  return /^\p{P}$/u.test(symbol);
}

/** One character for one character: where there is no single upper-case one, it stays (`ß`). */
export function upperOf(symbol: string): string {
  const upper = symbol.toUpperCase();
  return [...upper].length === 1 ? upper : symbol;
}

export function lowerOf(symbol: string): string {
  const lower = symbol.toLowerCase();
  return [...lower].length === 1 ? lower : symbol;
}

/** `strings.ToUpper` */
export function upper(text: string): string {
  return isAscii(text) ? text.toUpperCase() : Array.from(text, upperOf).join('');
}

/** `strings.ToLower` */
export function lower(text: string): string {
  return isAscii(text) ? text.toLowerCase() : Array.from(text, lowerOf).join('');
}

/** `strings.Trim`: without the characters at both ends of which `drops` is true. */
export function trimmed(text: string, drops: (symbol: string) => boolean): string {
  const symbols = isAscii(text) ? text : [...text];
  let start = 0;
  let end = symbols.length;
  while (start < end && drops(symbols[start] ?? '')) start += 1;
  while (end > start && drops(symbols[end - 1] ?? '')) end -= 1;
  return typeof symbols === 'string' ? symbols.slice(start, end) : symbols.slice(start, end).join('');
}

export function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}

/** `s[start:end]` of Go, in bytes of UTF-8; a character that is cut becomes U+FFFD. */
export function bytesOf(text: string, start: number, end = Number.POSITIVE_INFINITY): string {
  return isAscii(text) ? text.slice(start, end) : Buffer.from(text).subarray(start, end).toString();
}

/** Go's `len` of a string. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text);
}
