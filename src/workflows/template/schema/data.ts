import { parseBytes } from '../../../bytes.ts';
import type { DataRules } from '../document.ts';
import { didYouMean } from '../nearest.ts';
import type { Item } from '../yaml-reader.ts';
import type { FieldReader } from './fields.ts';

const DATA_KEYS = ['type', 'limit'];
const TYPES = ['json', 'binary'] as const;
/** Bytes: the data is held in memory whole, and every version of it is kept. */
const LARGEST = 256 * 1024 * 1024;

/** What the workflow's ephemeral data may be. */
export function readData(read: FieldReader, item: Item | undefined): DataRules {
  const fields = read.optionalMap(item, 'a map with type and limit', DATA_KEYS);
  const type = read.optional(fields?.items.get('type'), 'json or binary', (text) => {
    if (TYPES.some((known) => known === text)) return undefined;
    return `"${text}" is no type of data${didYouMean(text, TYPES)}; it may be json or binary`;
  });
  const limit = read.parsed(fields?.items.get('limit'), 'a size, such as 10MiB', (text) => {
    const bytes = parseBytes(text);
    if ('problem' in bytes) return bytes;
    if (bytes.value < 2) return { problem: `${text} holds nothing, not even {}` };
    return bytes.value > LARGEST ? { problem: `${text} is more than 256 MiB` } : bytes;
  });
  return { kind: type === 'binary' ? 'binary' : 'json', ...(limit === undefined ? {} : { limit }) };
}
